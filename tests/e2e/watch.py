"""Sees what every process of this machine shows to others while a run goes on: its arguments and its environment."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

_SECONDS = 0.05


class Watch:
    """Samples /proc twenty times a second, as anybody with `ps` could."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, bytes], bytes] = {}
        """Pid and arguments (separated by NUL) -> environment."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def arguments(self, secrets: Iterable[bytes]) -> list[bytes]:
        """Give the command lines that held any of these."""
        return [c for _, c in list(self._shown) if any(secret in c for secret in secrets)]

    def environments(self, secrets: Iterable[bytes]) -> list[bytes]:
        """Give the command lines of processes whose environment held any of these."""
        shown = list(self._shown.items())
        return [c for (_, c), given in shown if any(secret in given for secret in secrets)]

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    self._look(folder)

    def _look(self, folder: Path) -> None:
        try:
            command = (folder / "cmdline").read_bytes()
            # A process that has just been spawned has no arguments yet, a zombie none any more.
            if command and (folder.name, command) not in self._shown:
                self._shown[folder.name, command] = (folder / "environ").read_bytes()
        except OSError:
            return
