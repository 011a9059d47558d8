"""One command at a time changes the environment; a second one says who works."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from sandbox.layout import Layout
from sandbox.problem import ProblemError


@contextmanager
def held(layout: Layout, command: str) -> Iterator[None]:
    """Hold the environment for `command`.

    Raises:
        ProblemError: if another process holds it, or it was made by another checkout.

    """
    # Beside `.sandbox/`, which `make down` deletes while it holds the lock; and never deleted, because who locks
    # a file that another is about to unlink holds nothing.
    path = layout.root.with_name(f"{layout.root.name}.lock")
    owner = layout.root / "owner"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        who = owner.read_text() if owner.exists() else "another command"
        raise ProblemError(f"{who} is running here", "wait for it, then run this again") from None
    try:
        layout.refuse_copy()
        layout.root.mkdir(mode=0o700, exist_ok=True)
        owner.write_text(f"`{layout.make(command)}` (process {os.getpid()})")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
