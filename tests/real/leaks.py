"""Searches an error for secrets: its text, its notes, every frame's variables, and every error that hangs on it."""

import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

_TESTS = str(Path(__file__).parents[1])


def shown(error: BaseException) -> str:
    """Give all that anybody could print of the error. Frames of tests are left out: they hold what they look for."""
    texts = []
    for each in _family(error):
        texts += [str(each), repr(each), repr(vars(each))]
        found = traceback.TracebackException.from_exception(each, capture_locals=True)
        texts += [
            f"{frame.name}: {frame.locals}"
            for frame in found.stack
            if not frame.filename.startswith(_TESTS)
        ]
    return "\n".join(texts)


def leaked(error: BaseException, secrets: Iterable[str]) -> list[str]:
    """Give the secrets that the error shows."""
    text = shown(error)
    return [secret for secret in secrets if secret in text]


def _family(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # Suppressed ones too: they can still be reached, and some tools print them.
        error = error.__cause__ or error.__context__
