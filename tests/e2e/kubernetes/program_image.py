"""The Dockerfile's image without docker and without a registry: it begins from this machine's Python.

`python -m tests.e2e.kubernetes.program_image <tag> <file>` writes an archive that `ctr images import`, `docker load`
and `kind load image-archive` take.
"""

import hashlib
import io
import json
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.e2e.kubernetes.lab import STATE
from tests.real.dockerfile import CHECKOUT, Dockerfile

# Of no use to a program that runs, and large.
_LEFT_OUT = {
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "site-packages",
    "__pycache__",
}
_PATH = "/usr/local/bin:/usr/bin:/bin"


def archive(tag: str, file: Path) -> None:
    """Write the image as an archive of one layer."""
    read = Dockerfile.read()
    layer = file.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        for name, source in _contents(read):
            _add(tar, name, source)
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64", "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "config": {"Env": [f"PATH={_PATH}"], "WorkingDir": read.workdir, "User": read.user},
        }
    ).encode()  # fmt: skip
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(file, "w") as tar:
        for each, data in ((name, config), ("manifest.json", json.dumps(manifest).encode())):
            entry = tarfile.TarInfo(each)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        tar.add(layer, f"{digest}/layer.tar")
    layer.unlink()


def load(tag: str, folder: Path) -> bool:
    """Put the image into the lab's cluster; False where the cluster is another."""
    if not (STATE / "containerd.sock").exists():
        return False
    file = folder / "image.tar"
    archive(tag, file)
    socket = str(STATE / "containerd.sock")
    command = ["ctr", "--address", socket, "-n", "k8s.io", "images", "import", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    file.unlink()
    return True


def _contents(read: Dockerfile) -> Iterator[tuple[str, Path | str]]:
    """Give path in the image -> file, or what a link names."""
    base = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter, library = base / "bin" / version, base / "lib" / version
    programs = [interpreter]
    for file in sorted(library.rglob("*")):
        if file.is_file() and not _LEFT_OUT & set(file.relative_to(library).parts):
            yield str(file), file
            programs += [file] if file.suffix == ".so" else []
    yield str(interpreter), interpreter
    yield "/usr/local/bin/python", str(interpreter)
    installed = Path(sysconfig.get_path("purelib"))
    for each in read.distributions():
        for part in each.files or ():
            file = installed / part
            if ".." not in part.parts and part.suffix != ".pyc" and file.is_file():
                yield str(library / "site-packages" / part), file
                programs += [file] if ".so" in file.name else []
    for shared in _shared(programs):
        yield shared, Path(shared)
    for name in read.files():
        yield f"{read.workdir}/{name}", CHECKOUT / name


def _shared(programs: Iterable[Path]) -> list[str]:
    """Give the shared libraries that they are linked with."""
    listed = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    ).stdout
    return sorted(set(re.findall(r"(?:=> )?(/\S+) \(0x", listed)))


def _add(tar: tarfile.TarFile, name: str, source: Path | str) -> None:
    entry = tarfile.TarInfo(name.lstrip("/"))
    if isinstance(source, str):
        entry.type, entry.linkname = tarfile.SYMTYPE, source
        tar.addfile(entry)
        return
    data = source.read_bytes()
    entry.size, entry.mode = len(data), 0o755
    tar.addfile(entry, io.BytesIO(data))


if __name__ == "__main__":
    archive(sys.argv[1], Path(sys.argv[2]))
