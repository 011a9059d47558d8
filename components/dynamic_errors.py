"""Errors of our dynamic resources, shown as the one line they are."""

import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class ToldError(Exception):
    """What people are told: one line that says what is wrong and what to do."""


def told(*kinds: type[Exception]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a provider's method: an error of these kinds reaches the screen without a traceback.

    The SDK's dynamic provider hands `traceback.format_exc()` to the engine, frames and all, whatever was raised.
    Anything that isn't of these kinds is a mistake of ours and keeps its traceback.
    """

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(method)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return method(*args, **kwargs)
            except kinds as error:
                _shorten()
                raise ToldError(str(error)) from None

        return wrapped

    return decorate


_whole = traceback.format_exc


def _format(*args: Any, **kwargs: Any) -> str:
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, ToldError) else _whole(*args, **kwargs)


def _shorten() -> None:
    # Only in the provider's process, and only once there is something to tell.
    traceback.format_exc = _format
