"""Which OpenBao server is used."""

import importlib.util
import sys
from pathlib import Path

import pytest

from sandbox.problem import ProblemError
from sandbox.toolchain import bao
from tests.sandbox.toolchain.conftest import Program


def test_a_2_6_on_path_comes_first(on_path: Path, program: Program) -> None:
    own = program("bao", "OpenBao v2.6.3 (abc), committed 2026-01-01T00:00:00Z")
    assert bao.find(str(on_path)) == own


@pytest.mark.parametrize("output", ["OpenBao v2.7.0 (abc)", "OpenBao v2.5.1", "Vault v1.19.0"])
def test_any_other_on_path_is_passed_over(output: str, on_path: Path, program: Program) -> None:
    own = program("bao", output)
    assert bao.find(str(on_path)) != own


def test_the_wheel_brings_one(on_path: Path) -> None:
    assert bao.find(str(on_path)).name == "bao"


@pytest.mark.parametrize(
    ("system", "cure"), [("darwin", "use Linux, or put a `bao` 2.6"), ("linux", "pip install -r")]
)
def test_without_one_a_line_says_what_to_do(
    system: str, cure: str, on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(ProblemError) as problem:
        bao.find(str(on_path))
    assert cure in str(problem.value)
    assert "\n" not in str(problem.value)
