"""What a stand-in answers when it can't do what it was asked."""

from collections.abc import Mapping
from typing import Any


class RefusedError(Exception):
    """One line for the person who runs Pulumi. Never holds a secret."""


class IncompleteError(Exception):
    """The resource exists but isn't as declared; the engine records it and the next run goes on from there."""

    def __init__(self, identity: str, state: Mapping[str, Any], cause: Exception) -> None:
        self.identity = identity
        self.state = state
        self.cause = cause
        super().__init__(str(cause))
