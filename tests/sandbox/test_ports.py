from pathlib import Path

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
