from tests.real.fixtures import emulator, owned, place, shared_owned, signed_in, three_nodes

__all__ = ["emulator", "owned", "place", "shared_owned", "signed_in", "three_nodes"]
