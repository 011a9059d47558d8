"""What the Dockerfile takes is enough for what its image is for, and lets nothing else in."""

import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from tests.real.dockerfile import CHECKOUT, Dockerfile

# Whatever else is installed here is not in the image.
_ALONE = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {others!r}:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)

sys.meta_path.insert(0, Without())
import runpy
sys.argv = ["ops", *{arguments!r}]
runpy.run_module("ops", run_name="__main__", alter_sys=True)
"""


def modules(installed: Iterable[Distribution]) -> set[str]:
    """Give the names by which they are imported."""
    return {file.parts[0].partition(".")[0] for each in installed for file in each.files or ()}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    for name in Dockerfile.read().files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((CHECKOUT / name).read_bytes())
    return folder


def run(image: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    others = modules(distributions()) - modules(Dockerfile.read().distributions())
    script = _ALONE.format(others=others, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=image, env={"PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_it_has_what_unsealing_imports(image: Path) -> None:
    place = image / "place.json"
    place.write_text(
        '{"flavour": "openbao", "members": ["https://127.0.0.1:1"], "ca_certificate": "none",'
        ' "custody": {"region": "eu-central-1", "endpoint": "http://127.0.0.1:1", "bucket": "b", "prefix": "",'
        ' "custody_key": "c", "seal_key": "s", "writer_role": "w", "reader_role": null}}'
    )

    ran = run(image, "unseal", "--place", str(place))

    assert ran.returncode == 1
    assert ran.stderr.strip().startswith("the CA certificate of the servers is no PEM certificate")


def test_what_it_lacks_is_missed(image: Path) -> None:
    ran = run(image, "check", "--stack", "dev")

    assert ran.returncode != 0
    assert "ModuleNotFoundError" in ran.stderr


def test_nothing_of_a_stack_s_own_gets_to_docker() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}

    assert "*" in ignored
    assert let_in == set(Dockerfile.read().copied)
