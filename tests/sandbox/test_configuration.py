from pathlib import Path

import pytest
import yaml

from sandbox import configuration
from sandbox.layout import Layout
from sandbox.ports import Ports
from sandbox.problem import ProblemError

PORTS = Ports(emulator=5000, vault=(8200, 8202, 8204), generate_root=(8300, 8301, 8302))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(checkout=tmp_path)
    made.prepare()
    made.tracked_settings.write_text(
        "config:\n  strongroom:cloud: {kind: aws, region: eu-central-1}\n  strongroom:keep: false\n"
    )
    return made


def _written(layout: Layout) -> dict[str, object]:
    config: dict[str, object] = yaml.safe_load(layout.settings.read_text())["config"]
    return config


def test_what_people_wrote_is_filled_in_for_this_machine(layout: Layout) -> None:
    configuration.write(layout, PORTS, Path("/bin/bao"))

    assert _written(layout)["strongroom:cloud"] == {
        "endpoint": "http://127.0.0.1:5000",
        "kind": "aws",
        "region": "eu-central-1",
    }


def test_what_people_wrote_wins(layout: Layout) -> None:
    layout.tracked_settings.write_text("config:\n  strongroom:server: {command: [/opt/bao]}\n")

    configuration.write(layout, PORTS, Path("/bin/bao"))

    server = _written(layout)["strongroom:server"]
    assert isinstance(server, dict)
    assert server["command"] == ["/opt/bao"]
    assert server["ports"] == [8200, 8202, 8204]


def test_salt_secrets_and_own_settings_survive_the_next_run(layout: Layout) -> None:
    configuration.write(layout, PORTS, Path("/bin/bao"))
    document = yaml.safe_load(layout.settings.read_text())
    document["encryptionsalt"] = "v1:salt"
    document["config"]["strongroom:mailPassword"] = {"secure": "v1:abc"}
    document["config"]["strongroom:keep"] = True
    layout.settings.write_text(yaml.safe_dump(document))

    kept = configuration.write(layout, PORTS, Path("/bin/bao"))

    assert kept == ["strongroom:keep"]
    again = yaml.safe_load(layout.settings.read_text())
    assert again["encryptionsalt"] == "v1:salt"
    assert again["config"]["strongroom:mailPassword"] == {"secure": "v1:abc"}
    assert again["config"]["strongroom:keep"] is True
    assert configuration.secrets_present(layout) == {"mailPassword"}


def test_a_change_of_the_tracked_file_reaches_the_filled_in_one(layout: Layout) -> None:
    configuration.write(layout, PORTS, Path("/bin/bao"))
    layout.tracked_settings.write_text("config:\n  strongroom:keep: true\n")

    assert configuration.write(layout, PORTS, Path("/bin/bao")) == []

    assert _written(layout)["strongroom:keep"] is True


def test_broken_yaml_is_one_line_with_its_place(layout: Layout) -> None:
    layout.tracked_settings.write_text("config:\n  strongroom:keep: [\n")

    with pytest.raises(ProblemError, match=r"Pulumi\.local\.yaml:3: .*; write it as YAML"):
        configuration.write(layout, PORTS, Path("/bin/bao"))


def test_nobody_else_may_read_the_filled_in_file(layout: Layout) -> None:
    configuration.write(layout, PORTS, Path("/bin/bao"))

    assert layout.settings.stat().st_mode & 0o777 == 0o600
