"""What is quick is silent; what is slow is said before and after."""

import time

import pytest

from sandbox.toolchain import progress


def test_a_quick_step_says_nothing(said: list[str]) -> None:
    with progress.step(said.append, "looking"):
        pass
    assert said == []


def test_a_slow_step_is_said_while_it_runs_and_when_it_is_over(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.01)
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.02)
    with progress.step(said.append, "building"):
        deadline = time.monotonic() + 30
        while len(said) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert said[:2] == ["building ...", "building ... 0 s"]
    assert said[-1] == "building: 0 s"
