"""Starts the nodes of a test's cluster anew with other seals, one by one: `python -m tests.real.reseal <file>`.

As `pulumi up` does: by the provider of `server.kind: processes`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from components.dynamic_errors import ToldError
from components.server.configuration import node_configuration
from components.server.processes import ProcessesProvider
from tests.real.cluster import Cluster, NodeSeal, resealed


def properties(cluster: Cluster, seal: NodeSeal, former: NodeSeal | None = None) -> dict[str, Any]:
    """Give what the program hands to the provider."""
    first = cluster.nodes[0]
    return {
        "directory": str(Path(first.directory).parent),
        "apis": [node.api for node in cluster.nodes],
        "command": list(first.command),
        "others": [list(node.other) for node in cluster.nodes],
        "ca": first.ca,
        "configurations": [
            node_configuration(resealed(each, seal, former)) for each in cluster.arguments
        ],
        "seal": seal.kind,
        "former_seal": None if former is None else former.kind,
        "environment": {**(former.environment if former else {}), **seal.environment},
    }


if __name__ == "__main__":
    try:
        ProcessesProvider().update("", {}, json.loads(Path(sys.argv[1]).read_text()))
    except ToldError as error:
        sys.exit(str(error))
