"""Reads of one secret at a steady rate, and what became of each: for tests and benchmarks of what goes on meanwhile."""

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

_WORKERS = 12
"""Readers at once, each with a connection of its own: what is due while all of them wait comes late."""
_SECONDS = 3.0

Value = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One read. Times are of `time.monotonic`."""

    asked: float
    ended: float
    wrong: str | None = None
    """The server answered, and neither with the secret nor that it can't serve now."""
    error: str | None = None
    """There was no answer, or that the server can't serve now."""

    @property
    def right(self) -> bool:
        """Whether it was the secret."""
        return self.wrong is None and self.error is None


@dataclass
class Load:
    """What has become of the reads so far."""

    rate: float
    answers: list[Answered] = field(default_factory=list)
    """In the order of their ends."""

    @property
    def wrong(self) -> list[Answered]:
        """Answers that no server may give."""
        return [each for each in self.answers if each.wrong is not None]

    @property
    def errors(self) -> list[Answered]:
        """Reads without an answer."""
        return [each for each in self.answers if each.error is not None]

    @property
    def longest_outage(self) -> float:
        """The longest time, in seconds, from one right answer to the next, if errors came between."""
        longest = 0.0
        last: float | None = None
        failed = False
        for each in self.answers:
            if not each.right:
                failed = True
                continue
            if failed and last is not None:
                longest = max(longest, each.ended - last)
            last, failed = each.ended, False
        return longest

    def percentile(self, hundredths: int) -> float:
        """Give how many seconds right answers took, at this percentile."""
        took = [each.ended - each.asked for each in self.answers if each.right]
        return statistics.quantiles(took, n=100)[hundredths - 1]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """One secret of mount `kv` as a service reads it."""

    address: str
    ca_file: str
    token: str = field(repr=False)
    path: str
    """Without the mount: `shop/orders/mail`."""

    @contextmanager
    def reader(self) -> Iterator[Callable[[], tuple[int, Value]]]:
        """Give what reads it over one connection: the status, and the fields of an answer with 200.

        A connection that broke is made again once, as Vault's own clients do. What is given raises
        `requests.RequestException` if there is no answer.
        """
        with requests.Session() as session:
            session.trust_env = False
            session.verify = self.ca_file
            session.headers["X-Vault-Token"] = self.token

            def once() -> requests.Response:
                return session.get(f"{self.address}/v1/kv/data/{self.path}", timeout=_SECONDS)

            def read() -> tuple[int, Value]:
                try:
                    answer = once()
                except requests.ConnectionError:
                    answer = once()
                if answer.status_code != requests.codes.ok:
                    return answer.status_code, {}
                return answer.status_code, answer.json()["data"]["data"]

            yield read


# What a server says that has no leader, is sealed or is going down.
_NOT_NOW = range(500, 600)


@contextmanager
def reading(secret: Secret, expected: Value, rate: float = 50.0) -> Iterator[Load]:
    """Read `rate` times a second for as long as the block runs; at its end no read is under way."""
    load = Load(rate)
    ended = threading.Event()
    numbers = itertools.count()
    lock = threading.Lock()
    began = time.monotonic()

    def work() -> None:
        with secret.reader() as read:
            while True:
                with lock:
                    due = began + next(numbers) / rate
                if ended.wait(max(0.0, due - time.monotonic())):
                    return
                answered = _answered(read, expected)
                with lock:
                    load.answers.append(answered)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(_WORKERS)]
    for each in threads:
        each.start()
    try:
        yield load
    finally:
        ended.set()
        for each in threads:
            each.join()


def _answered(read: Callable[[], tuple[int, Value]], expected: Value) -> Answered:
    asked = time.monotonic()
    wrong = error = None
    try:
        status, value = read()
    except (requests.RequestException, ValueError) as failure:
        error = type(failure).__name__
    else:
        if status in _NOT_NOW:
            error = str(status)
        elif status != requests.codes.ok:
            wrong = str(status)
        elif value != expected:
            # Which fields, never what they hold.
            wrong = f"fields {sorted(value)} are not what was written"
    return Answered(asked=asked, ended=time.monotonic(), wrong=wrong, error=error)


def figures(load: Load, seconds: float) -> Sequence[tuple[str, str]]:
    """Give what is printed: name, figure."""
    return (
        ("reads a second, wanted and done", f"{load.rate:.0f}, {len(load.answers) / seconds:.1f}"),
        ("reads", str(len(load.answers))),
        ("wrong answers", str(len(load.wrong))),
        ("errors", str(len(load.errors))),
        ("longest outage", f"{load.longest_outage:.2f} s"),
        ("a read, median and 99th percentile",
         f"{load.percentile(50) * 1000:.0f} ms, {load.percentile(99) * 1000:.0f} ms"),
    )  # fmt: skip
