"""A node's configuration file, as text. Pure; the same stanzas serve every kind of server.

Source: https://openbao.org/docs/configuration and https://developer.hashicorp.com/vault/docs/configuration
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from components.cloud.contract import SealKind
from components.server.contract import Flavour
from components.server.database import TABLES, Database
from components.server.pods import (
    AUDIT_FILES,
    CA_FILE,
    CLUSTER_PORT,
    DATA,
    TLS,
    Pods,
    PodSeal,
    Statsd,
)
from reach.pods import GENERATE_ROOT_PORT, PORT

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
    data: str | None
    """Directory of raft's files; None where the storage stands in a file of its own (a database)."""
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
    seal_kind: SealKind
    seal: Mapping[str, str]
    former_seal: tuple[SealKind, Mapping[str, str]] | None = None
    """Kind and parameters of the seal that is being left."""
    audit: tuple[str, ...] = ()
    """Paths of audit logs; two, because one that blocks would stop the server."""


def node_configuration(args: NodeArgs) -> str:
    """Give one node's configuration file.

    OpenBao makes audit devices from its configuration only and answers generate-root on no listener that
    does not open it; HashiCorp Vault makes audit devices by API only, and from version 2 on wants to be told to
    answer generate-root. So the text differs by flavour.
    """
    files = {"tls_cert_file": args.certificate, "tls_key_file": args.key}
    stanzas = [
        *([] if args.data is None else [_raft(args.data, args.peers, args.ca, args.node_id)]),
        _listener(args.api, files, {"cluster_address": args.cluster}),
        _listener(args.generate_root, files, _generate_root(args.flavour)),
        *_seals(
            seal_stanza(args.seal_kind, args.seal),
            args.former_seal and seal_stanza(*args.former_seal),
        ),
        TELEMETRY,
        *_audits(args.flavour, args.audit),
    ]
    addresses: dict[str, Value] = {
        "api_addr": f"https://{args.api}",
        "cluster_addr": f"https://{args.cluster}",
    }
    # Of a process nobody knows the version but itself. Vault 1 answers generate-root anyway, and warns in its log of
    # a field that it doesn't know.
    opened = _ANSWERED if args.flavour == "vault" else {}
    return _file({**addresses, **_COMMON, **opened}, stanzas)


def pod_configuration(pods: Pods, seal: PodSeal) -> str:
    """Give the configuration file that all pods share; the chart says by environment what differs.

    Those are the node's id and its two addresses. Each pod joins by every peer's name, its own among them:
    whichever is initialised first, and whichever lost its volume, the others are found. (`auto_join` with
    provider k8s passes over pods that aren't ready: before init that is each.)
    """
    files = {"tls_cert_file": f"{TLS}/tls.crt", "tls_key_file": f"{TLS}/tls.key"}
    # Not `Pods.url`: a name that *.<release>-internal covers, and that resolves within the namespace.
    peers = tuple(f"https://{name}.{pods.release}-internal:{PORT}" for name in pods.names)
    stanzas = [
        *([_raft(DATA, peers, CA_FILE)] if pods.database is None else []),
        _listener(f"[::]:{PORT}", files, {"cluster_address": f"[::]:{CLUSTER_PORT}"}),
        _listener(f"127.0.0.1:{GENERATE_ROOT_PORT}", files, _generate_root(pods.flavour)),
        *_seals(*map(_of_pods, seal.both)),
        # Labels the leader's pod, which the Service `<release>-active` selects.
        Stanza(kind="service_registration", labels=("kubernetes",)),
        telemetry(None if pods.scrape is None else pods.scrape.statsd),
        *_audits(pods.flavour, AUDIT_FILES),
    ]
    values = dict(_COMMON)
    if pods.flavour == "vault" and pods.major >= _ASKS_FOR_TOKEN:
        values |= _ANSWERED
    return _file(values, stanzas)


def storage_configuration(database: Database, password: str, ca_file: str) -> str:
    """Give a configuration file of its own for a database, because the password stands in it.

    A server reads several files. `ca_file` is the path of the database's CA where the server runs.
    """
    data, locks = TABLES[database.kind]
    values: dict[str, Value]
    if database.kind == "mysql":
        values = {
            "address": f"{database.host}:{database.port}",
            "username": database.username,
            "password": password,
            "database": database.name,
            "table": data,
            "lock_table": locks,
            "tls_ca_file": ca_file,
        }
    else:
        user = f"{quote(database.username, safe='')}:{quote(password, safe='')}"
        where = f"{database.host}:{database.port}/{quote(database.name, safe='')}"
        query = urlencode({"sslmode": "verify-full", "sslrootcert": ca_file})
        values = {
            "connection_url": f"postgres://{user}@{where}?{query}",
            "table": data,
            "ha_table": locks,
        }
    # Without it each server believes that it is alone.
    values["ha_enabled"] = "true"
    return Stanza(kind="storage", labels=(database.kind,), values=values).render()


def proof_configuration(seal: PodSeal, socket: str) -> str:
    """Give the configuration of a server that only proves its seal: nothing outlives it, and nobody else reaches it."""
    return _file(
        _COMMON,
        [
            Stanza(kind="storage", labels=("inmem",)),
            Stanza(kind="listener", labels=("unix",), values={"address": socket}),
            *_seals(_of_pods(seal)),
        ],
    )


def seal_stanza(
    kind: SealKind, parameters: Mapping[str, str], *, role_arn: str | None = None
) -> Stanza:
    """Give the seal's stanza; with `role_arn` a pod's projected token is exchanged for that role (awskms only)."""
    # Said in the stanza, because servers since 1.14 do not take them from the environment alone (vault#21478).
    identity: dict[str, Value] = (
        {} if role_arn is None else {"role_arn": role_arn, "web_identity_token_file": SEAL_TOKEN}
    )
    return Stanza(kind="seal", labels=(kind,), values={**parameters, **identity})


SEAL_TOKEN = "/var/run/secrets/strongroom/token"  # noqa: S105  a path
"""Of the projected token that a web identity is taken with."""
SEAL_CA = "/vault/seal/keeper-ca.pem"
_ASKS_FOR_TOKEN = 2
"""From this version on HashiCorp Vault wants a token for generate-root unless told otherwise."""
# Nothing but generate-root; it stands at the top, so every listener answers it: whoever reaches Vault can disturb an
# attempt (CVE-2026-5807), and nobody can finish one without the recovery keys.
_ANSWERED: Mapping[str, Value] = {"enable_unauthenticated_access": ["generate-root"]}
TELEMETRY = Stanza(
    kind="telemetry", values={"prometheus_retention_time": "24h", "disable_hostname": True}
)


def telemetry(statsd: Statsd | None) -> Stanza:
    """Give the stanza; with a statsd_exporter that the servers send to, too."""
    if statsd is None:
        return TELEMETRY
    # Nothing else says which of the servers sent a packet. The label stands last.
    sent: dict[str, Value] = {"statsd_address": statsd.address, "enable_hostname_label": True}
    return replace(TELEMETRY, values={**TELEMETRY.values, **sent})


_COMMON: Mapping[str, Value] = {
    "ui": False,
    # Raft's files are memory-mapped: locking them would lock the whole database into memory.
    "disable_mlock": True,
}
# No disable_standby_reads for OpenBao, though its standbys answer reads by themselves since 2.5: with it a sealed
# server answers 503 to everything, so nobody could tell before init whether generate-root is open.


def _file(values: Mapping[str, Value], stanzas: Sequence[Stanza]) -> str:
    top = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    return top + "\n" + "\n".join(stanza.render() for stanza in stanzas)


def _raft(path: str, peers: Sequence[str], ca: str, node_id: str | None = None) -> Stanza:
    node: dict[str, Value] = {} if node_id is None else {"node_id": node_id}
    return Stanza(
        kind="storage",
        labels=("raft",),
        # 1 is what production wants; the default waits several times longer for a leader.
        values={"path": path, **node, "performance_multiplier": 1},
        inner=tuple(
            Stanza(kind="retry_join", values={"leader_api_addr": peer, "leader_ca_cert_file": ca})
            for peer in peers
        ),
    )


def _listener(address: str, files: Mapping[str, str], extra: Mapping[str, Value]) -> Stanza:
    values: dict[str, Value] = {"address": address, **files, "tls_min_version": "tls12"}
    return Stanza(kind="listener", labels=("tcp",), values={**values, **extra})


def _generate_root(flavour: Flavour) -> Mapping[str, Value]:
    # Recovery keys authorise generate-root and nothing else does once the root token is revoked. OpenBao 2.6
    # answers it with 405 unless a listener opens it; a loopback-only listener keeps it off the network.
    return {"disable_unauthed_generate_root_endpoints": False} if flavour == "openbao" else {}


def _seals(seal: Stanza, former: Stanza | None = None) -> list[Stanza]:
    """Give the stanzas of the seal and of the one that is being left. Shamir is what a server has without any.

    A server whose former seal stands there disabled, or that has another seal where it had Shamir, waits for keys
    of the former one ("migrate") and then uses the new one.
    Source: https://developer.hashicorp.com/vault/docs/concepts/seal#seal-migration
    """
    said = [seal]
    if former is not None:
        said.append(replace(former, values={**former.values, "disabled": "true"}))
    return [stanza for stanza in said if stanza.labels != ("shamir",)]


def _of_pods(seal: PodSeal) -> Stanza:
    keeper = {} if seal.ca_certificate is None else {"tls_ca_cert": SEAL_CA}
    return seal_stanza(seal.kind, {**seal.parameters, **keeper}, role_arn=seal.role_arn)


def _audits(flavour: Flavour, paths: Sequence[str]) -> list[Stanza]:
    if flavour != "openbao":
        return []
    return [_audit(index, path) for index, path in enumerate(paths)]


def _audit(index: int, path: str) -> Stanza:
    name = f"file-{index}"
    options = Stanza(kind="options", values={"file_path": path, "mode": "0600"})
    return Stanza(kind="audit", labels=("file", name), inner=(options,))
