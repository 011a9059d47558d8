from tests.real.fixtures import cluster, emulator, place, three_nodes

__all__ = ["cluster", "emulator", "place", "three_nodes"]
