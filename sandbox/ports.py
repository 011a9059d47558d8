"""Free ports, chosen once and remembered, so that a second `make up` finds its servers where they were."""

import json
import secrets
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sandbox.layout import Layout, write_private

_LOWEST, _HOW_MANY = 20_000, 12_000


@dataclass(frozen=True, kw_only=True)
class Ports:
    """All on 127.0.0.1. `vault` has one entry a node; raft uses the number after each."""

    emulator: int
    vault: tuple[int, ...]
    generate_root: tuple[int, ...]


def remembered(layout: Layout, nodes: int = 3) -> Ports:
    """Give the remembered ports, or choose free ones and remember them."""
    if layout.ports_file.exists():
        stored = json.loads(layout.ports_file.read_text())
        return Ports(
            emulator=stored["emulator"],
            vault=tuple(stored["vault"]),
            generate_root=tuple(stored["generate_root"]),
        )
    ports = _choose(nodes)
    write_private(layout.ports_file, json.dumps(asdict(ports)))
    return ports


def _choose(nodes: int) -> Ports:
    held: list[socket.socket] = []
    try:
        vault = tuple(_hold_pair(held) for _ in range(nodes))
        generate_root = tuple(_hold(held) for _ in range(nodes))
        return Ports(emulator=_hold(held), vault=vault, generate_root=generate_root)
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
