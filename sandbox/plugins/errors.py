"""What a stand-in answers when it can't do what it was asked."""

from collections.abc import Collection, Mapping
from typing import Any


class RefusedError(Exception):
    """One line for the person who runs Pulumi. Never holds a secret."""


class IncompleteError(Exception):
    """The resource exists but isn't as declared; the engine records it and the next run goes on from there."""

    def __init__(self, identity: str, state: Mapping[str, Any], cause: Exception) -> None:
        self.identity = identity
        self.state = state
        self.cause = cause
        # The servicer fills in the rest.
        self.secret: Collection[str] = ()
        """Names of secret properties in `state`."""
        self.nulls = False
        """Whether nulls inside values say something."""
        self.inputs: Mapping[str, Any] | None = None
        """What a read found as inputs."""
        super().__init__(" ".join(str(cause).split()))
