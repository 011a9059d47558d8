"""Free ports, chosen once and remembered, so that a second `make up` finds its servers where they were."""

import hashlib
import json
import secrets
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from sandbox.layout import Layout, cache_directory, write_private

_LOWEST, _HOW_MANY = 20_000, 12_000


@dataclass(frozen=True, kw_only=True)
class Ports:
    """All on 127.0.0.1. `vault` has one entry a node; raft uses the number after each."""

    emulator: int
    vault: tuple[int, ...]
    generate_root: tuple[int, ...]

    @classmethod
    def read(cls, file: Path) -> "Ports":
        """Read what an environment remembers."""
        stored = json.loads(file.read_text())
        return cls(
            emulator=stored["emulator"],
            vault=tuple(stored["vault"]),
            generate_root=tuple(stored["generate_root"]),
        )

    def all(self) -> set[int]:
        """Give every number that is listened on."""
        raft = (port + 1 for port in self.vault)
        return {self.emulator, *self.vault, *raft, *self.generate_root}


def remembered(layout: Layout, nodes: int = 3) -> Ports:
    """Give the remembered ports, or choose free ones and remember them."""
    if layout.ports_file.exists():
        return Ports.read(layout.ports_file)
    register = cache_directory() / "environments"
    register.mkdir(parents=True, exist_ok=True)
    with FileLock(register / "lock"):
        ports = _choose(nodes, _of_others(register))
        write_private(layout.ports_file, json.dumps(asdict(ports)))
        # A name for each place: written whatever else is written there at the same time.
        name = hashlib.sha256(str(layout.ports_file).encode()).hexdigest()[:16]
        (register / name).write_text(str(layout.ports_file))
    return ports


def _of_others(register: Path) -> set[int]:
    """Give the ports of this user's other environments: a node of theirs that is down now will want its own back."""
    taken: set[int] = set()
    for entry in register.iterdir():
        if entry.name == "lock":
            continue
        try:
            taken |= Ports.read(Path(entry.read_text())).all()
        except (OSError, ValueError, KeyError):
            # Taken down, or deleted by hand.
            entry.unlink(missing_ok=True)
    return taken


def _choose(nodes: int, others: set[int]) -> Ports:
    held: list[socket.socket] = []
    try:
        while True:
            vault = tuple(_hold_pair(held) for _ in range(nodes))
            generate_root = tuple(_hold(held) for _ in range(nodes))
            ports = Ports(emulator=_hold(held), vault=vault, generate_root=generate_root)
            if others.isdisjoint(ports.all()):
                return ports
    finally:
        # Held until all are chosen, so that no two are the same.
        _close(held)


def _hold_pair(held: list[socket.socket]) -> int:
    while True:
        port = _hold(held)
        if _try(held, port + 1):
            return port


def _hold(held: list[socket.socket]) -> int:
    while True:
        # Below what the kernel hands to outgoing connections: one of those could take a remembered port.
        port = _LOWEST + secrets.randbelow(_HOW_MANY)
        if _try(held, port):
            return port


def _try(held: list[socket.socket], port: int) -> bool:
    probe = socket.socket()
    held.append(probe)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def _close(held: Iterable[socket.socket]) -> None:
    for probe in held:
        probe.close()
