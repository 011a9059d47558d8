from pathlib import Path

import pytest

from sandbox import ports
from sandbox.layout import Layout
from sandbox.problem import ProblemError


def test_two_stacks_share_no_file_and_no_port(tmp_path: Path) -> None:
    local, cluster = Layout(checkout=tmp_path), Layout(checkout=tmp_path, stack="cluster")
    for each in (local, cluster):
        each.prepare()
    first, second = ports.remembered(local), ports.remembered(cluster, nodes=0)

    assert (local.root.name, cluster.root.name) == (".sandbox", ".sandbox-cluster")
    assert not cluster.root.is_relative_to(local.root)
    assert (local.settings.name, cluster.settings.name) == (
        "Pulumi.local.yaml", "Pulumi.cluster.yaml",
    )  # fmt: skip
    taken = {*first.vault, *(port + 1 for port in first.vault), *first.generate_root}
    assert second.emulator not in {first.emulator, *taken}
    assert (second.vault, second.generate_root) == ((), ())


def test_commands_are_named_as_people_type_them(tmp_path: Path) -> None:
    assert Layout(checkout=tmp_path).make("up") == "make up"
    assert Layout(checkout=tmp_path, stack="cluster").make("up") == "make up STACK=cluster"


def test_a_copied_environment_is_refused(tmp_path: Path) -> None:
    original = Layout(checkout=tmp_path / "a", stack="cluster")
    original.prepare()
    (tmp_path / "b").mkdir()
    copy = Layout(checkout=tmp_path / "b", stack="cluster")
    original.root.rename(copy.root)

    with pytest.raises(
        ProblemError, match=r"delete \.sandbox-cluster here.*make down STACK=cluster"
    ):
        copy.refuse_copy()
