import json
from dataclasses import asdict
from pathlib import Path

import pytest

from sandbox import ports
from sandbox.layout import Layout


def test_all_ports_differ_and_are_remembered(tmp_path: Path) -> None:
    layout = Layout(checkout=tmp_path)
    layout.prepare()

    first = ports.remembered(layout)

    taken = [
        first.emulator,
        *first.vault,
        *(port + 1 for port in first.vault),
        *first.generate_root,
    ]
    assert len(set(taken)) == len(taken) == 10
    assert ports.remembered(layout) == first


def test_a_port_of_another_environment_is_left_to_it_while_its_server_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_CACHE", str(tmp_path / "cache"))
    here, there = (Layout(checkout=tmp_path / name) for name in ("here", "there"))
    for layout in (here, there):
        layout.checkout.mkdir()
        layout.prepare()
    first = ports.remembered(there)
    # So few that a second environment can hardly help meeting the first one's.
    monkeypatch.setattr(ports, "_LOWEST", min(first.all()) - 40)
    monkeypatch.setattr(ports, "_HOW_MANY", 80)

    for _ in range(20):
        here.ports_file.unlink(missing_ok=True)
        assert ports.remembered(here).all().isdisjoint(first.all())


def test_an_environment_that_is_gone_keeps_no_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_CACHE", str(tmp_path / "cache"))
    gone, here = (Layout(checkout=tmp_path / name) for name in ("gone", "here"))
    for layout in (gone, here):
        layout.checkout.mkdir()
        layout.prepare()
    first = ports.remembered(gone)
    gone.ports_file.unlink()
    monkeypatch.setattr(ports, "_choose", lambda _, others: first if not others else None)

    assert ports.remembered(here) == first
    assert json.loads(here.ports_file.read_text()) == json.loads(json.dumps(asdict(first)))
