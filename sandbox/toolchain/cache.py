"""Directories that outlive the checkout: made once, whole or not at all, and checked when used again."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sandbox.toolchain.progress import Say, step

_RECORD = "sha256.json"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Entries by name; several processes may use one cache at the same time."""

    directory: Path
    say: Say

    def get(self, name: str, works: Callable[[Path], bool]) -> Path | None:
        """Give the entry, or None if there is none that is as it was made and that `works`."""
        entry = self.directory / name
        if not entry.is_dir():
            return None
        if _unchanged(entry) and works(entry):
            return entry
        self.say(f"{entry} in the cache is damaged: it is made again")
        return None

    def make(self, name: str, fill: Callable[[Path], None], works: Callable[[Path], bool]) -> Path:
        """Give the entry; `fill` an empty directory to make it, unless another process has just done so.

        Whatever `fill` raises goes through, and the cache is as before.

        Raises:
            OSError: if what was filled in does not work.

        """
        entry = self.directory / name
        with self._alone(name):
            if _unchanged(entry) and works(entry):
                return entry
            for left_by_a_killed_run in self.directory.glob(f".{name}.*"):
                shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self.directory))
            try:
                fill(scratch)
                if not works(scratch):
                    raise OSError(f"{name} was made and does not run in {self.directory}")
                (scratch / _RECORD).write_text(json.dumps(_digests(scratch), indent=1))
                scratch.chmod(0o755)
                if entry.exists():
                    entry.rename(scratch.with_name(f"{scratch.name}.damaged"))
                scratch.rename(entry)
            finally:
                for path in (scratch, scratch.with_name(f"{scratch.name}.damaged")):
                    shutil.rmtree(path, ignore_errors=True)
        return entry

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        locks = self.directory / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            with step(self.say, f"waiting for another run that makes {name}"):
                lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _digests(entry: Path) -> dict[str, str]:
    """Give every file's SHA-256 by its path in the entry; of a link, where it points."""
    digests = {}
    for path in sorted(entry.rglob("*")):
        name = str(path.relative_to(entry))
        if path.is_symlink():
            digests[name] = f"-> {path.readlink()}"
        elif path.is_file() and name != _RECORD:
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _unchanged(entry: Path) -> bool:
    try:
        recorded = json.loads((entry / _RECORD).read_text())
    except (OSError, ValueError):
        return False
    return bool(recorded == _digests(entry))
