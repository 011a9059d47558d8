"""Where the engine finds the stand-ins, and that they start there."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox.plugins import install


def scripts(home: Path) -> list[Path]:
    return [
        home
        / "plugins"
        / f"resource-{name}-v{version(f'pulumi-{name}')}"
        / f"pulumi-resource-{name}"
        for name in ("vault", "aws", "kubernetes")
    ]


def test_each_is_where_the_engine_looks_for_the_sdks_version(tmp_path: Path) -> None:
    install(tmp_path, Path(sys.executable))
    assert all(os.access(script, os.X_OK) for script in scripts(tmp_path))


def test_again_changes_nothing(tmp_path: Path) -> None:
    install(tmp_path, Path(sys.executable))
    # Not when it was last read: reading it is no change.
    before = [(each.st_ino, each.st_mtime_ns) for each in map(Path.stat, scripts(tmp_path))]
    install(tmp_path, Path(sys.executable))
    after = [(each.st_ino, each.st_mtime_ns) for each in map(Path.stat, scripts(tmp_path))]
    assert after == before
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(scripts(tmp_path))


def test_what_is_wrong_is_put_right(tmp_path: Path) -> None:
    install(tmp_path, Path("/another/python"))
    install(tmp_path, Path(sys.executable))
    assert all(sys.executable in script.read_text() for script in scripts(tmp_path))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_starts_in_any_directory_whatever_lies_there(tmp_path: Path, which: int) -> None:
    install(tmp_path / "a home", Path(sys.executable))
    for decoy in ("sandbox", "json", "grpc"):
        (tmp_path / f"{decoy}.py").write_text("raise SystemExit('decoy')\n")
    with subprocess.Popen(
        [scripts(tmp_path / "a home")[which], "127.0.0.1:1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline()
        process.terminate()
        assert process.stdout.read() == ""
    assert 0 < int(port) < 65536
    assert process.returncode == 0


def test_a_plugin_does_not_import_the_sdk() -> None:
    # The SDK takes longer to import than everything else together.
    code = (
        "from sandbox.plugins.lean import import_protocol_alone as lean; lean();"
        "import sandbox.plugins.process, sandbox.plugins.vault.plugin, sandbox.plugins.aws.plugin,"
        "sandbox.plugins.kubernetes.plugin, sys;"
        "heavy = ('pulumi.output', 'boto3', 'urllib3', 'hvac', 'kubernetes');"
        "print([m for m in heavy if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert told.stdout.strip() == "[]"
