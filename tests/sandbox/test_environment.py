import os
import subprocess
from pathlib import Path

import pytest

from sandbox import environment
from sandbox.layout import Layout

FIRST = (Path("/opt/tools"), Path("/opt/venv/bin"))
OWN = {"VAULT_ADDR": "https://127.0.0.1:8200"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(checkout=tmp_path)
    made.prepare()
    return made


def test_a_shell_that_sources_it_has_the_tools_and_no_foreign_token(layout: Layout) -> None:
    environment.write(layout, environment.variables(layout, 5000, OWN, FIRST))

    shown = subprocess.run(
        ["sh", "-c", f". {layout.env}; . {layout.env}; echo $PATH $VAULT_ADDR [$VAULT_TOKEN]"],
        env={"PATH": "/usr/bin", "VAULT_TOKEN": "somebody's"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert shown.strip() == "/opt/tools:/opt/venv/bin:/usr/bin https://127.0.0.1:8200 []"


def test_children_inherit_nothing_that_leads_to_real_servers(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("VAULT_TOKEN", "somebody's")
    monkeypatch.setenv("LANG", "C.UTF-8")

    added = environment.variables(layout, 5000, OWN, FIRST)
    given = environment.process_environment(added)

    assert "AWS_PROFILE" not in given
    assert "VAULT_TOKEN" not in given
    assert given["LANG"] == "C.UTF-8"
    assert given["PATH"].split(os.pathsep)[:2] == ["/opt/tools", "/opt/venv/bin"]
    assert "PATH_ADD" not in given
