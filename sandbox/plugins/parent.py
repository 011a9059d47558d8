"""Whom a plugin serves: the process that started it."""

import os

ENGINE = "STRONGROOM_ENGINE"
"""The engine's process id, told by the script that starts a plugin: Python takes so long to start that the
engine may be gone, and another process be the parent, by the time that it could be asked for."""


def engine() -> int:
    """Give the engine's process id."""
    return int(os.environ.get(ENGINE) or os.getppid())
