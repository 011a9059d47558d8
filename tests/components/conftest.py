from tests.real.fixtures import cluster, emulator, place, signed_in

__all__ = ["cluster", "emulator", "place", "signed_in"]
