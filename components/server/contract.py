"""What every kind of server gives to the rest of the program."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pulumi

from reach.pods import Pods

Flavour = Literal["openbao", "vault"]


Reach = Pods
"""Servers that are pods: the API server's port-forward leads to each, ready or not."""


@dataclass(frozen=True, kw_only=True)
class TokenProof:
    """The servers take custody's `seal_role` with a token of their ServiceAccount: so does the proof."""

    service_account: str
    """In the servers' namespace."""
    audience: str


@dataclass(frozen=True, kw_only=True)
class JobProof:
    """Only a pod of the servers' ServiceAccount has their identity: one of this Job proves it."""

    manifest: pulumi.Output[dict[str, Any]]


class Server(Protocol):
    """Running, sealed or not, initialised or not: bootstrap finds out."""

    flavour: Flavour
    address: pulumi.Output[str]
    """Where clients reach the cluster, `https://host:port`: one place, known before anything answers there."""
    members: pulumi.Output[list[str]]
    """One URL per node, the node to initialise first. Of pods: a name within the cluster; see `reach`."""
    generate_root_members: pulumi.Output[list[str]]
    """One URL per node on which generate-root is reachable; the same order as `members`."""
    ca_certificate: pulumi.Output[str]
    """PEM of the CA that signed every listener."""
    ca_file: pulumi.Output[str]
    """Path of a file with that PEM, for tools that take no PEM."""
    wipe_commands: tuple[str, ...]
    """What empties the servers so that they can be initialised anew; printed where nobody owns them."""
    audit_files: tuple[str, ...]
    """Files of the audit devices that the bootstrap makes by API; none where the configuration makes them."""
    raft_servers: int
    """How many servers keep their data in raft; 0 where a database holds it."""
    reach: Reach | None
    """How the members are reached where they are pods; None where their URLs lead to them from here."""
    seal_proof: TokenProof | JobProof | None
    """How the seal is proven as the servers' pods before init; None where it is as custody's place says."""
