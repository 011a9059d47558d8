"""Says what takes long while it takes long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]

# What is over sooner is not worth a line.
_SILENT_SECONDS = 2.0
_EVERY_SECONDS = 15.0


@contextmanager
def step(say: Say, doing: str) -> Iterator[None]:
    """Say `doing` once it takes over two seconds, then every 15 s how long, and at last how long in all."""
    over = threading.Event()
    start = time.monotonic()

    def tick() -> None:
        if over.wait(_SILENT_SECONDS):
            return
        say(f"{doing} ...")
        while not over.wait(_EVERY_SECONDS):
            say(f"{doing} ... {time.monotonic() - start:.0f} s")

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        over.set()
        ticker.join()
        seconds = time.monotonic() - start
        if seconds >= _SILENT_SECONDS:
            say(f"{doing}: {seconds:.0f} s")
