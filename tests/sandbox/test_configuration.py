from pathlib import Path

import pytest
import yaml

from sandbox import configuration
from sandbox.layout import Layout
from sandbox.problem import ProblemError

FILLED_IN = (
    {"strongroom:cloud": {"endpoint": "http://127.0.0.1:5000"}},
    {"strongroom:server": {"command": ["/bin/bao"], "ports": [8200, 8202, 8204]}},
)


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
    configuration.write(layout, *FILLED_IN)

    assert _written(layout)["strongroom:cloud"] == {
        "endpoint": "http://127.0.0.1:5000",
        "kind": "aws",
        "region": "eu-central-1",
    }


def test_what_people_wrote_wins(layout: Layout) -> None:
    layout.tracked_settings.write_text("config:\n  strongroom:server: {command: [/opt/bao]}\n")

    configuration.write(layout, *FILLED_IN)

    server = _written(layout)["strongroom:server"]
    assert isinstance(server, dict)
    assert server["command"] == ["/opt/bao"]
    assert server["ports"] == [8200, 8202, 8204]


def test_what_one_kind_fills_in_wins_over_what_all_have_in_common(layout: Layout) -> None:
    shared = {"strongroom:cloud": {"endpoint": "http://127.0.0.1:5000", "bucket": "a"}}
    own = {"strongroom:cloud": {"endpoint": "http://10.0.0.1:5000"}}

    configuration.write(layout, shared, own)

    cloud = _written(layout)["strongroom:cloud"]
    assert isinstance(cloud, dict)
    assert (cloud["endpoint"], cloud["bucket"]) == ("http://10.0.0.1:5000", "a")


def test_salt_secrets_and_own_settings_survive_the_next_run(layout: Layout) -> None:
    configuration.write(layout, *FILLED_IN)
    document = yaml.safe_load(layout.settings.read_text())
    document["encryptionsalt"] = "v1:salt"
    document["config"]["strongroom:mailPassword"] = {"secure": "v1:abc"}
    document["config"]["strongroom:keep"] = True
    layout.settings.write_text(yaml.safe_dump(document))

    kept = configuration.write(layout, *FILLED_IN)

    assert kept == ["strongroom:keep"]
    again = yaml.safe_load(layout.settings.read_text())
    assert again["encryptionsalt"] == "v1:salt"
    assert again["config"]["strongroom:mailPassword"] == {"secure": "v1:abc"}
    assert again["config"]["strongroom:keep"] is True
    assert configuration.secrets_present(layout) == {"mailPassword"}


def test_a_change_of_the_tracked_file_reaches_the_filled_in_one(layout: Layout) -> None:
    configuration.write(layout, *FILLED_IN)
    layout.tracked_settings.write_text("config:\n  strongroom:keep: true\n")

    assert configuration.write(layout, *FILLED_IN) == []

    assert _written(layout)["strongroom:keep"] is True


def test_broken_yaml_is_one_line_with_its_place(layout: Layout) -> None:
    layout.tracked_settings.write_text("config:\n  strongroom:keep: [\n")

    with pytest.raises(ProblemError, match=r"Pulumi\.local\.yaml:3: .*; write it as YAML"):
        configuration.write(layout, *FILLED_IN)


def test_nobody_else_may_read_the_filled_in_file(layout: Layout) -> None:
    configuration.write(layout, *FILLED_IN)

    assert layout.settings.stat().st_mode & 0o777 == 0o600
