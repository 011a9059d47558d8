"""How the program behaves towards Pulumi's engine."""

import gc
import os

import pulumi


def quicken() -> None:
    """Spare a large program what costs it half of its time. Call it once, first.

    Measured with 1,000 services: thousands of futures are alive until the end, so the garbage collector walks
    them over and over and frees nothing; and `pulumi.log.debug` is a blocking call to the engine even when
    nobody debugs. The process ends with the run, so what isn't collected is returned then.
    """
    gc.disable()
    if os.environ.get("STRONGROOM_DEBUG") is None:
        pulumi.log.debug = _no_debug


def _no_debug(*_: object, **__: object) -> None:
    """Take the place of `pulumi.log.debug`. STRONGROOM_DEBUG=1 keeps the original."""
