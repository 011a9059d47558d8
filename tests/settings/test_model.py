"""What the settings' attributes are called, and what they default to."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import Settings
from tests.settings.project import Project


def test_attributes_are_snake_case_and_defaults_are_safe(tmp_path: Path) -> None:
    settings, _ = Project(tmp_path).read()

    assert settings.keep is True
    assert settings.catalog == "catalog"
    assert (settings.cloud.endpoint, settings.cloud.bucket) == (None, None)
    assert (settings.cloud.tls_only, settings.cloud.write_once) == (True, True)
    assert settings.cloud.deletion_window_days == 30
    assert settings.cloud.unsealers == ()
    assert (settings.in_pods, settings.seal_identity) == (False, "keys")
    assert (settings.custody.prefix, settings.custody.directory) == ("", ".strongroom")
    assert (settings.custody.writers, settings.custody.readers) == ((), ())
    assert (settings.server.namespace, settings.server.service_account) == ("vault", "vault")
    assert settings.server.generate_root_ports == (8300, 8301, 8302)
    assert (settings.account.mount, settings.account.name) == ("strongroom", "strongroom")
    assert (settings.access.mount, settings.access.audience) == ("kubernetes", "vault")
    assert settings.access.token_ttl_seconds == 600
    assert settings.people.mount == "people"


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings, _ = Project(tmp_path).read()

    with pytest.raises(ValidationError, match="frozen"):
        settings.keep = False


def test_an_error_of_the_model_itself_shows_no_value() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"keep": "hunter2", "account": {"cidrs": ["hunter2"]}})

    assert "hunter2" not in str(refused.value)


def test_every_key_is_described() -> None:
    schema = Settings.model_json_schema()
    undescribed = [
        f"{name}.{key}"
        for name, model in {"Settings": schema, **schema["$defs"]}.items()
        for key, field in model["properties"].items()
        # Where field and model say the same, the reference alone stands there.
        if not (field.get("description") or schema["$defs"][field["$ref"][8:]]["description"])
    ]

    assert undescribed == []
