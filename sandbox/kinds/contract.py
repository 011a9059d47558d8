"""The contract of a kind of embedded environment."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.layout import Layout
from sandbox.ports import Ports
from sandbox.toolchain import Toolchain

Say = Callable[[str], None]
Settings = dict[str, Any]
"""Of the stack: `strongroom:server` -> its value."""

HEALTH = {
    200: "active", 429: "standby", 472: "standby (recovery)", 473: "standby (performance)",
    501: "not initialised", 503: "sealed",
}  # fmt: skip
"""What /v1/sys/health answers with, in words."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """One line of `make status`."""

    what: str
    where: str
    process: str
    """A pid, a pod, or `-`."""
    state: str
    well: bool


class Kind(ABC):
    """What runs the servers of one stack. Toolchain, emulator, Pulumi's state and the lock are the same for all."""

    servers: int = 0
    """How many Vault servers get ports of this machine."""
    releases: bool = False
    """Whether the program has Helm releases, for which a stand-in needs helm."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    # -- before the engine

    @property
    def emulator_addresses(self) -> tuple[str, ...]:
        """Where the AWS emulator listens: first where this machine reaches it, then where pods do."""
        return ("127.0.0.1",)

    @abstractmethod
    def prepare(self, say: Say) -> None:
        """Make what servers and logins need before the engine runs, if it isn't there; start nothing.

        Raises:
            ProblemError: for what only a person can put right.

        """

    @abstractmethod
    def settings(self, ports: Ports, tools: Toolchain) -> Settings:
        """Give what only this machine knows: wins over what all kinds have in common, loses to the tracked file."""

    @abstractmethod
    def variables(self, ports: Ports) -> Mapping[str, str]:
        """Give what a shell needs to reach the servers: VAULT_ADDR and its kin. No secret."""

    @abstractmethod
    def revive(self, environment: Mapping[str, str], say: Say) -> None:
        """Bring back servers that died since the last run; wait until those that are initialised serve."""

    @contextmanager
    def reached(self, environment: Mapping[str, str], say: Say) -> Iterator[Mapping[str, str]]:  # noqa: ARG002
        """Keep the servers within reach of the engine meanwhile; give the environment to run it in."""
        yield environment

    # -- afterwards

    def start_applications(self) -> None:  # noqa: B027  most kinds have none
        """Start what comes after the program, if anything does; again it changes nothing."""

    def finish(self, say: Say) -> None:  # noqa: B027  as above
        """Wait until that runs, and show it."""

    @abstractmethod
    def empty(self, environment: Mapping[str, str]) -> None:
        """Delete all data of servers that nobody ever owned, and start them again."""

    @abstractmethod
    def remove(self, say: Say) -> None:
        """Stop the servers and delete their data; again after a crash it goes on from what it finds."""

    @abstractmethod
    def token(self, service: str, audience: str) -> str:
        """Give a ServiceAccount JWT for `namespace/name`, good for ten minutes.

        Raises:
            ValueError: if `service` is not `namespace/name`.
            FileNotFoundError: if the environment isn't up.

        """

    @abstractmethod
    def running(self) -> list[Running]:
        """Give a line for each server."""

    @abstractmethod
    def logs(self, lines: int) -> Iterator[tuple[str, list[str]]]:
        """Give each server's log: what it is called, and its last `lines` lines."""

    def hints(self) -> tuple[tuple[str, str], ...]:
        """Give what else to do next: a command, and what it does."""
        return ()
