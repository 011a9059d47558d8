import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.layout import Layout
from sandbox.unsealing import Unsealing, owned

OWNED: dict[str, Any] = {
    "type": "pulumi-python:dynamic/strongroom:Owned",
    "outputs": {"seal": "shamir", "members": ["https://127.0.0.1:1"]},
}


def _layout(folder: Path, seal: dict[str, Any], *resources: dict[str, Any]) -> Layout:
    layout = Layout(checkout=folder)
    layout.prepare()
    layout.settings.write_text(yaml.safe_dump({"config": {"strongroom:seal": seal}}))
    layout.stack_file.parent.mkdir(parents=True)
    state = {"checkpoint": {"latest": {"resources": list(resources)}}}
    layout.stack_file.write_text(json.dumps(state))
    return layout


def test_custody_s_keys_are_for_servers_that_the_state_says_need_them(tmp_path: Path) -> None:
    layout = _layout(tmp_path, {"kind": "shamir"}, OWNED)

    assert owned(layout) == OWNED["outputs"]
    assert not Unsealing(layout, {}).is_the_bootstrap_s


def test_until_somebody_owns_them_it_is_the_bootstrap_that_unseals(tmp_path: Path) -> None:
    layout = _layout(tmp_path, {"kind": "shamir"}, {"type": "aws:kms/key:Key", "outputs": {}})

    assert owned(layout) is None
    assert Unsealing(layout, {}).is_the_bootstrap_s


def test_others_unseal_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auto = {**OWNED, "outputs": {**OWNED["outputs"], "seal": "auto"}}
    unsealing = Unsealing(_layout(tmp_path, {"kind": "transit"}, auto), {"AWS_REGION": "nowhere"})
    monkeypatch.setenv("AWS_PROFILE", "a-person-s-own")
    said: list[str] = []

    assert not unsealing.is_the_bootstrap_s
    unsealing.once(said.append)
    with unsealing.watching(said.append):
        assert os.environ["AWS_PROFILE"] == "a-person-s-own"
        assert "AWS_REGION" not in os.environ
    assert said == []
