from tests.real.fixtures import (
    cluster,
    empty_cluster,
    emulator,
    keeper,
    own_keeper,
    owned,
    place,
    shared_empty,
    shared_owned,
    signed_in,
    three_nodes,
)

__all__ = [
    "cluster",
    "empty_cluster",
    "emulator",
    "keeper",
    "own_keeper",
    "owned",
    "place",
    "shared_empty",
    "shared_owned",
    "signed_in",
    "three_nodes",
]
