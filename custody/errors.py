"""The errors that custody raises. One family: whoever catches `CustodyError` has them all."""

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class CustodyError(Exception):
    """What went wrong and what to do about it, in one line. Never holds a secret."""

    def __init__(self, cause: str, cure: str) -> None:
        self.cause = cause
        self.cure = cure
        super().__init__(f"{cause}; {cure}")

    def rename(self, address: str, name: str) -> None:
        """Say `name` wherever `address` stands: one that means nothing to who reads it."""
        self.cause = self.cause.replace(address, name)
        self.cure = self.cure.replace(address, name)
        self.args = (f"{self.cause}; {self.cure}",)


NOT_OURS = "InvalidCiphertextException"
"""A RefusedError's reason where a ciphertext was not made with this key, whatever the cloud calls it."""


class UnreachableError(CustodyError):
    """A server did not answer at all."""


class RefusedError(CustodyError):
    """A server answered, and refused. `reason` is its own word for it: an AWS error code or hvac's class name."""

    def __init__(self, cause: str, cure: str, *, reason: str) -> None:
        self.reason = reason
        super().__init__(cause, cure)


def translated(
    call: Callable[[], Result], translate: Callable[[Exception], CustodyError | None]
) -> Result:
    """Give what `call` gives; raise what `translate` makes of its failure.

    The original holds the request, and so perhaps a secret: it must not hang on our error as its context.
    So the error is made inside the handler and raised outside of it.
    """
    try:
        return call()
    except Exception as error:  # what isn't known goes on as it is
        failure = translate(error)
        if failure is None:
            raise
    raise failure
