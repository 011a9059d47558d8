"""Vault servers as processes of this machine: write, start, watch, stop. Plain Python; `processes.py` declares them.

A node's directory holds its configuration, what it is started with (`node.json`), its environment (which may
hold the key of its cloud identity: the only file that does), its pid, its log and its data; with a database
`storage.hcl` (which holds its password) and the database's CA. A process belongs to a node if it runs with that
node's configuration file.
"""

import json
import os
import shutil
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from components.server import spawn
from reach.health import ACTIVE, NOT_INITIALISED, STANDBY, knows_leader
from reach.health import health as answered

_ERROR = 500
_ANSWER_SECONDS = 30.0
_AGAIN_SECONDS = 1.0
_STOP_SECONDS = 10.0
_SETTLE_SECONDS = 60.0
# Nothing else of whoever starts a server: his cloud identity may reach custody.
_INHERITED = {"PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
# Nor what lies in his home.
_NOBODYS = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
_NOTHING: Mapping[str, str] = MappingProxyType({})
STORAGE, STORAGE_CA = "storage.hcl", "storage-ca.pem"


class NodeError(Exception):
    """A node can't be started or doesn't answer; one line that says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One server process: its directory, how it is started, where it answers."""

    directory: str
    command: tuple[str, ...]
    api: str
    """`host:port`."""
    other: tuple[str, ...]
    """Its further `host:port`: raft's and generate-root's."""
    ca: str
    """PEM file that its certificate is verified against."""

    @property
    def configuration(self) -> Path:
        """The file that the server reads; it also identifies the process."""
        return Path(self.directory) / "node.hcl"


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where a node keeps its data, if not in raft."""

    configuration: str
    """A configuration file of its own: a password stands in it."""
    ca: str
    """PEM, of the database."""


def differs(
    node: Node,
    configuration: str,
    environment: Mapping[str, str] = _NOTHING,
    storage: Storage | None = None,
) -> bool:
    """Whether the node's files say something else than this."""
    return any(
        (path.read_text() if path.exists() else None) != text
        for path, text in _files(node, configuration, environment, storage)
    )


def write(
    node: Node,
    configuration: str,
    environment: Mapping[str, str] = _NOTHING,
    storage: Storage | None = None,
) -> None:
    """Write the node's files, for nobody else to read. `environment` is the process's own."""
    directory = Path(node.directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / "data").mkdir(mode=0o700, exist_ok=True)
    for path, text in _files(node, configuration, environment, storage):
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.touch(mode=0o600)
            path.write_text(text)


def _files(
    node: Node, configuration: str, environment: Mapping[str, str], storage: Storage | None
) -> tuple[tuple[Path, str | None], ...]:
    directory = Path(node.directory)
    return (
        (node.configuration, configuration),
        (directory / "node.json", json.dumps(asdict(node), indent=1)),
        (directory / "environment.json", json.dumps(dict(environment), sort_keys=True)),
        (directory / STORAGE, None if storage is None else storage.configuration),
        (directory / STORAGE_CA, None if storage is None else storage.ca),
    )


def environment_of(node: Node) -> dict[str, str]:
    """Give the environment that was written for the node."""
    try:
        said: dict[str, str] = json.loads((Path(node.directory) / "environment.json").read_text())
    except FileNotFoundError:
        return {}
    return said


def recorded(root: Path) -> list[Node]:
    """Every node below `root`, in order."""
    return [_recorded(file) for file in sorted(root.glob("node-*/node.json"))]


def _recorded(file: Path) -> Node:
    said = json.loads(file.read_text())
    said |= {"command": tuple(said["command"]), "other": tuple(said["other"])}
    # Where it lies, not what it says: in a copy of a checkout it still names the original's servers.
    return Node(**(said | {"directory": str(file.parent)}))


def pid(node: Node) -> int | None:
    """The running server's process id, or None. The pid file may be missing; see `spawn.running`."""
    # "server": not somebody's `bao operator diagnose -config=...`.
    return spawn.running(_pid_file(node), _flag(node), "server")


def start(node: Node, environment: Mapping[str, str]) -> bool:
    """Start the node unless it runs; say whether it had to be started.

    It gets its own environment and, of the given one, what every program needs (PATH and its like).

    Raises:
        NodeError: if a port is taken or the command can't be run.

    """
    if pid(node) is not None:
        return False
    for address in (node.api, *node.other):
        _refuse_taken(address)
    directory = Path(node.directory)
    try:
        number = spawn.spawn(
            [*node.command, "server", *_flags(node)],
            {**_inherited(environment), **_NOBODYS, **environment_of(node)},
            directory / "server.log",
        )
    except OSError as error:
        raise NodeError(
            f"{node.command[0]} can't be run ({error.strerror}); set strongroom:server.command"
        ) from error
    _pid_file(node).write_text(str(number))
    return True


def wait_until_answers(nodes: Sequence[Node], *, again: Mapping[str, str] | None = None) -> None:
    """Wait until each node answers its health request, whatever the answer.

    With `again` (what `start` is given) a node that ends is started once more, as long as there is time: clouds
    take some seconds to know a new key everywhere, and a server that asks too early ends.

    Raises:
        NodeError: if one has died or is silent for 30 s; names its log.

    """
    deadline = time.monotonic() + _ANSWER_SECONDS
    for node in nodes:
        while health(node) is None:
            log = Path(node.directory) / "server.log"
            late = time.monotonic() > deadline
            if pid(node) is None:
                if again is None or late:
                    raise NodeError(f"node {node.api} has ended: {_last_line(log)}; see {log}")
                time.sleep(_AGAIN_SECONDS)
                start(node, again)
            elif late:
                raise NodeError(f"node {node.api} does not answer; see {log}")
            time.sleep(0.05)


def wait_until_settled(
    nodes: Sequence[Node],
    say: Callable[[str], None] = lambda _: None,
    *,
    migrating: bool = False,
) -> None:
    """Wait until an initialised cluster is unsealed and has a leader; one that isn't yet is bootstrap's to wait for.

    `migrating`: to another seal. A standby of OpenBao (2.6) that has been given its keys then answers 500 to whoever
    asks for its health until a server with the new seal leads: that it knows who leads has to do.

    Raises:
        NodeError: if that takes longer than a minute; says what each node answers.

    """
    deadline = time.monotonic() + _SETTLE_SECONDS
    told = False
    while True:
        found = [_follows(node) if migrating else health(node) for node in nodes]
        if NOT_INITIALISED in found or not found:
            return
        if ACTIVE in found and all(status in (ACTIVE, STANDBY) for status in found):
            return
        if time.monotonic() > deadline:
            shown = ", ".join(
                f"{node.api}: {status}" for node, status in zip(nodes, found, strict=True)
            )
            todo = "with Shamir's seal run `python -m ops unseal`"
            if migrating:
                todo = "they are given their keys by `python -m ops migrate-seal -- pulumi up`"
            raise NodeError(
                f"the servers do not unseal or find no leader ({shown}); see `make logs`; {todo}"
            )
        if not told:
            say("waiting until every node is unsealed and one leads")
            told = True
        time.sleep(0.2)


def health(node: Node) -> int | None:
    """What the node answers, see `reach.health`; None if silent."""
    return answered(f"https://{node.api}", _trusting(node))


def _follows(node: Node) -> int | None:
    """What the node answers; where that is an error of its own, as a standby if it knows who leads."""
    status = health(node)
    if status == _ERROR and knows_leader(f"https://{node.api}", _trusting(node)):
        return STANDBY
    return status


def _trusting(node: Node) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=node.ca)


def stop(node: Node) -> None:
    """Stop the node: SIGTERM, after ten seconds SIGKILL."""
    spawn.end(lambda: pid(node), _STOP_SECONDS)


def empty(root: Path, environment: Mapping[str, str]) -> list[Node]:
    """Stop every node below `root`, delete all their data, start them again; give the nodes.

    Raises:
        NodeError: if there is no node there, or one doesn't come up again.

    """
    found = recorded(root)
    if not found:
        raise NodeError(
            f"{root} holds no server; give the directory that strongroom:server.directory names"
        )
    for node in found:
        stop(node)
        shutil.rmtree(Path(node.directory) / "data")
        (Path(node.directory) / "data").mkdir(mode=0o700)
    for node in found:
        start(node, environment)
    wait_until_answers(found)
    return found


def remove(node: Node) -> None:
    """Stop the node and delete its directory with all data."""
    stop(node)
    shutil.rmtree(node.directory, ignore_errors=True)


def _pid_file(node: Node) -> Path:
    return Path(node.directory) / "pid"


def _flag(node: Node) -> str:
    return f"-config={node.configuration}"


def _flags(node: Node) -> list[str]:
    storage = Path(node.directory) / STORAGE
    return [_flag(node), *([f"-config={storage}"] if storage.exists() else [])]


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name in _INHERITED}


def _refuse_taken(address: str) -> None:
    host, _, port = address.rpartition(":")
    if spawn.why_not_free(host, int(port)) is not None:
        raise NodeError(
            f"port {port} is taken by another process; stop it, or before the first `up` choose other"
            " strongroom:server.ports"
        )


def _last_line(log: Path) -> str:
    """Give why a server ended: what it says is an error, or else what it said last."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    errors = [index for index, line in enumerate(lines) if line.startswith("Error ")]
    if not errors:
        return (lines or ["it wrote no log"])[-1]
    # HashiCorp Vault goes on to say which proxy it would have used; another server's answer is a list below.
    reasons = [line for line in lines[errors[-1] :] if line.startswith("* ")]
    return " ".join([lines[errors[-1]], *reasons])
