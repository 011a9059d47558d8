"""`server.kind: processes`: Vault's nodes as processes of this machine."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import dynamic

from components.cloud.contract import Seal
from components.dynamic_errors import told
from components.server import nodes
from components.server.configuration import NodeArgs, node_configuration, storage_configuration
from components.server.contract import Flavour, JobProof, Reach, TokenProof
from components.server.database import Database, what_is_lost, wipe_command
from components.server.seals import parameters, unsaid_migration
from reach.health import ACTIVE


@dataclass(frozen=True, kw_only=True)
class ProcessServerArgs:
    """Where the nodes live and how they are started. Paths are made absolute here."""

    flavour: Flavour
    command: tuple[str, ...]
    """What starts the server; `server -config=<file>` is appended."""
    directory: str
    ports: tuple[int, ...]
    """API ports, one per node; raft uses the next number."""
    generate_root_ports: tuple[int, ...]
    certificate: str
    key: str
    ca: str
    seal: Seal
    database: Database | None = None
    """None: raft."""
    keep: bool = True

    def __post_init__(self) -> None:
        if self.database is not None:
            self.database.refuse_flavour(self.flavour)
        if len(self.ports) not in (1, 3, 5):
            raise ValueError(f"ports must name 1, 3 or 5 nodes, not {len(self.ports)}")
        if len(self.generate_root_ports) != len(self.ports):
            raise ValueError("generate_root_ports must have as many entries as ports")
        taken = [*self.ports, *(port + 1 for port in self.ports), *self.generate_root_ports]
        if len(set(taken)) != len(taken):
            raise ValueError("ports, the port after each, and generate_root_ports must all differ")
        if any(each and each.web_identity for each in (self.seal, self.seal.former)):
            raise ValueError("seal must not want a pod's token: processes have none")


class ProcessesProvider(dynamic.ResourceProvider):
    """Keeps the processes as the inputs say. Of these the environment and `storages` are secret."""

    serialize_as_secret_always = False

    @told(nodes.NodeError)
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Write and start every node; again after a crash it goes on from what it finds."""
        _apply(props)
        return dynamic.CreateResult(id_=props["directory"], outs=_plain(props))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Say gone only where the data is gone: a dead process is restarted, not re-created."""
        if not nodes.recorded(Path(props["directory"])):
            return dynamic.ReadResult(id_=None, outs={})
        return dynamic.ReadResult(id_=id_, outs=_plain(props))

    @told(nodes.NodeError)
    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Another directory or other ports are another cluster; the rest is a restart.

        Raises:
            NodeError: where that other cluster would take the place of one that has data: with keep switched
                off nothing else would stand between a changed port and an empty Vault. And for another seal that
                the servers could not come up with.

        """
        changed = [key for key in _INPUTS if olds.get(key) != news.get(key)]
        replaces = [key for key in changed if key in ("directory", "apis")]
        if replaces and nodes.recorded(Path(olds["directory"])):
            raise nodes.NodeError(
                f"other ports or another directory would begin a new and empty Vault in place of the one in"
                f" {olds['directory']} at {', '.join(olds['apis'])}; put strongroom:server.ports and"
                " server.directory back, or destroy the stack first"
            )
        wrong = unsaid_migration(
            (olds.get("seal"), olds.get("former_seal")), (news.get("seal"), news.get("former_seal"))
        )
        if wrong is not None:
            raise nodes.NodeError(wrong)
        return dynamic.DiffResult(
            changes=bool(changed), replaces=replaces, delete_before_replace=True
        )

    @told(nodes.NodeError)
    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Rewrite what changed and restart those nodes one by one, the active one last."""
        _apply(news)
        return dynamic.UpdateResult(outs=_plain(news))

    @told(nodes.NodeError)
    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Stop the nodes and delete their data."""
        for node in nodes.recorded(Path(props["directory"])):
            nodes.remove(node)
        for name in AUDIT_LOGS:
            (Path(props["directory"]) / name).unlink(missing_ok=True)


AUDIT_LOGS = ("audit-0.log", "audit-1.log")
_INPUTS = (
    "directory", "apis", "command", "ca", "configurations", "environment", "storages", "storage_ca", "seal",
    "former_seal",
)  # fmt: skip


def _plain(props: Mapping[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in (*_INPUTS, "others") if key in props}


def _apply(props: Mapping[str, Any]) -> None:
    declared = [
        nodes.Node(
            directory=str(Path(props["directory"]) / f"node-{index}"),
            command=tuple(props["command"]),
            api=api,
            other=tuple(props["others"][index]),
            ca=props["ca"],
        )
        for index, api in enumerate(props["apis"])
    ]
    texts = dict(zip((n.directory for n in declared), props["configurations"], strict=True))
    environment = props["environment"]
    storages: dict[str, nodes.Storage | None] = {
        node.directory: nodes.Storage(configuration=text, ca=props["storage_ca"])
        for node, text in zip(declared, props.get("storages") or (), strict=False)
    }
    # A key that was made in this very run.
    new = any(nodes.environment_of(node) != environment for node in declared)
    again = os.environ if new else None
    migrating = props.get("former_seal") is not None
    running = [node for node in declared if nodes.pid(node) is not None]
    # The active node last, so that the leader moves once.
    for node in sorted(running, key=lambda each: nodes.health(each) == ACTIVE):
        if nodes.differs(node, texts[node.directory], environment, storages.get(node.directory)):
            if any(nodes.health(each) == ACTIVE for each in running):
                # An earlier run may have left one that is not back: another down, and nobody would lead.
                nodes.wait_until_settled(running, migrating=migrating)
            # Stopped before its files change: what runs is always what its files say, so a run that dies
            # in between is finished by the next.
            nodes.stop(node)
            nodes.write(node, texts[node.directory], environment, storages.get(node.directory))
            nodes.start(node, os.environ)
            nodes.wait_until_answers([node], again=again)
            nodes.wait_until_settled(declared, migrating=migrating)
    for node in declared:
        if nodes.pid(node) is None:
            nodes.write(node, texts[node.directory], environment, storages.get(node.directory))
            nodes.start(node, os.environ)
    nodes.wait_until_answers(declared, again=again)


class ProcessServer(pulumi.ComponentResource):
    """A cluster of local processes, TLS on every listener, auto-unsealed.

    `address` is the first node's, always: a standby hands on what it is asked to whichever leads (OpenBao's, since
    2.5, answer reads by themselves, for an instant with what has just been changed), so any node would do, and which
    of them answers is nothing that a program may ask while it declares. While that one node is down, so is the
    address (not the cluster: `members` names the others, and `ops root` and the bootstrap go to whichever leads).
    `make up` starts a dead node again; plain `pulumi up` does not.
    """

    flavour: Flavour
    address: pulumi.Output[str]
    members: pulumi.Output[list[str]]
    generate_root_members: pulumi.Output[list[str]]
    ca_certificate: pulumi.Output[str]
    ca_file: pulumi.Output[str]
    wipe_commands: tuple[str, ...]
    audit_files: tuple[str, ...]
    raft_servers: int
    reach: Reach | None = None
    seal_proof: TokenProof | JobProof | None = None

    def __init__(
        self, name: str, args: ProcessServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:ProcessServer", name, {}, opts)
        ca = Path(args.ca).resolve()
        former = args.seal.former
        seals = pulumi.Output.all(
            pulumi.Output.from_input(parameters(args.seal)),
            None if former is None else pulumi.Output.from_input(parameters(former)),
        )
        # Of no parameters at all, which are Shamir's, Output.all makes a list.
        configurations = seals.apply(
            lambda known: _configurations(args, known[0] or {}, known[1] or {})
        )
        cluster = _Nodes(
            f"{name}-nodes",
            {
                "directory": str(Path(args.directory).resolve()),
                "command": list(args.command),
                "apis": _addresses(args.ports),
                "others": [
                    [_address(port + 1), _address(root)]
                    for port, root in zip(args.ports, args.generate_root_ports, strict=True)
                ],
                "ca": str(ca),
                "configurations": configurations,
                # None is dropped.
                "migrating": True if former is not None else None,
                "seal": args.seal.kind,
                # None is dropped.
                "former_seal": None if former is None else former.kind,
                # The servers' own identity. Whoever runs the program keeps his to himself: see nodes.py.
                "environment": pulumi.Output.secret(
                    {
                        name: value
                        for each in (former, args.seal)
                        if each is not None
                        for name, value in {**each.environment, **each.secret_environment}.items()
                    }
                ),
                **_storages(args),
            },
            pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        self.flavour = args.flavour
        directory = Path(args.directory).resolve()
        # With a database it stops them and starts them again; in between nobody else uses the tables.
        self.wipe_commands = (
            *([] if args.database is None else [wipe_command(args.database)]),
            f"python -m ops empty-servers {shlex.quote(str(directory))}",
        )
        if args.database is not None:
            pulumi.log.warn(what_is_lost(args.database), self)
        # OpenBao takes no audit device by API: there they stand in each node's configuration.
        by_api = args.flavour == "vault"
        self.audit_files = tuple(str(directory / name) for name in AUDIT_LOGS) if by_api else ()
        self.raft_servers = len(args.ports) if args.database is None else 0
        # Through the resource's own output, so that whoever uses an address waits for the nodes.
        self.members = cluster.apis.apply(lambda apis: [f"https://{api}" for api in apis])
        self.address = self.members.apply(lambda members: members[0])
        self.generate_root_members = cluster.apis.apply(
            lambda _: [f"https://{each}" for each in _addresses(args.generate_root_ports)]
        )
        self.ca_certificate = cluster.apis.apply(lambda _: ca.read_text())
        self.ca_file = cluster.apis.apply(lambda _: str(ca))
        self.register_outputs({"address": self.address})


def _storages(args: ProcessServerArgs) -> dict[str, Any]:
    """Give each node's own file about a database; none with raft."""
    database = args.database
    if database is None:
        return {"storages": None, "storage_ca": None}
    homes = [Path(args.directory).resolve() / f"node-{index}" for index in range(len(args.ports))]
    return {
        "storages": pulumi.Output.secret(database.password).apply(
            lambda password: [
                storage_configuration(database, password, str(home / nodes.STORAGE_CA))
                for home in homes
            ]
        ),
        "storage_ca": database.ca_certificate,
    }


class _Nodes(dynamic.Resource, module="strongroom", name="Nodes"):
    """The dynamic resource behind it."""

    apis: pulumi.Output[list[str]]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ProcessesProvider(), name, props, opts)


def _address(port: int) -> str:
    return f"127.0.0.1:{port}"


def _addresses(ports: tuple[int, ...]) -> list[str]:
    return [_address(port) for port in ports]


def _configurations(
    args: ProcessServerArgs, seal: Mapping[str, str], former: Mapping[str, str]
) -> list[str]:
    directory = Path(args.directory).resolve()
    apis = _addresses(args.ports)
    configurations = []
    for index, (port, root) in enumerate(zip(args.ports, args.generate_root_ports, strict=True)):
        home = directory / f"node-{index}"
        configurations.append(
            node_configuration(
                NodeArgs(
                    flavour=args.flavour,
                    node_id=f"node-{index}",
                    data=str(home / "data") if args.database is None else None,
                    api=_address(port),
                    cluster=_address(port + 1),
                    generate_root=_address(root),
                    certificate=str(Path(args.certificate).resolve()),
                    key=str(Path(args.key).resolve()),
                    ca=str(Path(args.ca).resolve()),
                    peers=tuple(f"https://{api}" for api in apis if api != apis[index]),
                    seal_kind=args.seal.kind,
                    seal=seal,
                    former_seal=(args.seal.former.kind, former) if args.seal.former else None,
                    # One pair for all nodes: OpenBao keeps the devices in raft, and a node whose configuration
                    # names another file refuses to lead.
                    audit=tuple(str(directory / name) for name in AUDIT_LOGS),
                )
            )
        )
    return configurations
