"""How long a request may take, as its resource's `customTimeouts` say."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_seconds: ContextVar[float] = ContextVar("seconds", default=0.0)


@contextmanager
def of(seconds: float) -> Iterator[None]:
    """Work with this much patience; 0 where the program doesn't say."""
    mark = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(mark)


def asked() -> float:
    """Seconds that the program allows for what is under way; 0 if it doesn't say."""
    return _seconds.get()
