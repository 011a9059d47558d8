"""A node's configuration file, as text. Pure; the same stanzas serve every kind of server.

Source: https://openbao.org/docs/configuration and https://developer.hashicorp.com/vault/docs/configuration
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.server.contract import Flavour

Value = str | int | bool | Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Stanza:
    """One HCL block: `kind "label" { ... }`."""

    kind: str
    labels: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    inner: tuple["Stanza", ...] = ()

    def render(self, indent: str = "") -> str:
        """Give the block's text, ending in a newline."""
        head = " ".join([self.kind, *(json.dumps(label) for label in self.labels)])
        lines = [f"{indent}{head} {{\n"]
        # json.dumps writes strings, numbers, booleans and lists as HCL reads them.
        lines += [f"{indent}  {key} = {json.dumps(value)}\n" for key, value in self.values.items()]
        lines += [stanza.render(indent + "  ") for stanza in self.inner]
        return "".join([*lines, f"{indent}}}\n"])


@dataclass(frozen=True, kw_only=True)
class NodeArgs:
    """One node of a raft cluster on addresses that its peers reach."""

    flavour: Flavour
    node_id: str
    data: str
    """Directory of raft's files."""
    api: str
    """`host:port` that clients reach."""
    cluster: str
    """`host:port` that peers reach."""
    generate_root: str
    """`host:port`, loopback: where generate-root is answered."""
    certificate: str
    key: str
    ca: str
    peers: tuple[str, ...]
    """URLs of the other nodes' API listeners."""
    seal_kind: str
    seal: Mapping[str, str]
    audit: tuple[str, ...] = ()
    """Paths of audit logs; two, because one that blocks would stop the server."""


def node_configuration(args: NodeArgs) -> str:
    """Give one node's configuration file.

    OpenBao makes audit devices from its configuration only and answers generate-root on no listener that
    does not open it; HashiCorp Vault makes audit devices by API only. So the text differs by flavour.
    """
    stanzas = [
        Stanza(
            kind="storage",
            labels=("raft",),
            # 1 is what production wants; the default waits several times longer for a leader.
            values={"path": args.data, "node_id": args.node_id, "performance_multiplier": 1},
            inner=tuple(_retry_join(peer, args) for peer in args.peers),
        ),
        _listener(args.api, args),
        _generate_root_listener(args),
        Stanza(kind="seal", labels=(args.seal_kind,), values=dict(args.seal)),
        Stanza(
            kind="telemetry",
            values={"prometheus_retention_time": "24h", "disable_hostname": True},
        ),
    ]
    if args.flavour == "openbao":
        stanzas += [_audit(index, path) for index, path in enumerate(args.audit)]
    values: dict[str, Value] = {
        "api_addr": f"https://{args.api}",
        "cluster_addr": f"https://{args.cluster}",
        "ui": False,
        # Raft's files are memory-mapped: locking them would lock the whole database into memory.
        "disable_mlock": True,
    }
    if args.flavour == "openbao":
        # Since 2.5 a standby answers reads by itself, from what it has heard so far: who writes a mount and reads
        # it at once, as providers do, might not find it. Vault's standbys hand everything on to the leader.
        values["disable_standby_reads"] = True
    top = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    return top + "\n" + "\n".join(stanza.render() for stanza in stanzas)


def _listener(address: str, args: NodeArgs, extra: Mapping[str, Value] | None = None) -> Stanza:
    values: dict[str, Value] = {
        "address": address,
        "tls_cert_file": args.certificate,
        "tls_key_file": args.key,
        "tls_min_version": "tls12",
    }
    if address == args.api:
        values["cluster_address"] = args.cluster
    return Stanza(kind="listener", labels=("tcp",), values={**values, **(extra or {})})


def _generate_root_listener(args: NodeArgs) -> Stanza:
    # Recovery keys authorise generate-root and nothing else does once the root token is revoked. OpenBao 2.6
    # answers it with 405 unless a listener opens it; a loopback-only listener keeps it off the network.
    extra = {"disable_unauthed_generate_root_endpoints": False} if args.flavour == "openbao" else {}
    return _listener(args.generate_root, args, extra)


def _retry_join(peer: str, args: NodeArgs) -> Stanza:
    return Stanza(
        kind="retry_join", values={"leader_api_addr": peer, "leader_ca_cert_file": args.ca}
    )


def _audit(index: int, path: str) -> Stanza:
    name = f"file-{index}"
    options = Stanza(kind="options", values={"file_path": path, "mode": "0600"})
    return Stanza(kind="audit", labels=("file", name), inner=(options,))
