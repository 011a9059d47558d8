"""A cache, what was said, and programs that stand for what is on a person's PATH."""

from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., Path]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def on_path(tmp_path: Path) -> Path:
    """A directory that stands for PATH."""
    directory = tmp_path / "path"
    directory.mkdir()
    return directory


@pytest.fixture
def program(on_path: Path) -> Program:
    """Makes a program that prints `output`, on PATH or in another directory."""

    def make(name: str, output: str = "", directory: Path = on_path) -> Path:
        path = directory / name
        path.write_text(f"#!/bin/sh\necho '{output}'\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every download go to a proxy that refuses."""
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
