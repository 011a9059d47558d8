"""Raft's autopilot: a server that is gone for good counts no longer, once another has taken its place."""

from custody.secret import Secret
from custody.vault import Cluster, ask

FEWEST = 3
"""Of fewer servers none may be taken out."""
_GONE = "24h"


def configure(cluster: Cluster, root: Secret, servers: int) -> None:
    """Let the leader take out who was not heard of for a day, and never more than leaves `servers`.

    A pod that lost its volume joins under its old name; who comes under another leaves the old name behind, which
    would count for the quorum for ever. Without raft, or with fewer servers than three, nothing is done.

    Source: https://developer.hashicorp.com/vault/docs/concepts/integrated-storage/autopilot

    Raises:
        CustodyError: if the server refuses.

    """
    if servers < FEWEST:
        return
    client = cluster.active(root)
    ask(
        client.url,
        "autopilot's configuration",
        lambda: client.adapter.post(
            "/v1/sys/storage/raft/autopilot/configuration",
            json={
                "cleanup_dead_servers": True,
                "dead_server_last_contact_threshold": _GONE,
                "min_quorum": servers,
            },
        ),
    )
