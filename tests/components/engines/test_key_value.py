import json

import pulumi

from catalog.model import AdoptedMount
from components.engines.key_value import KeyValue, KeyValueArgs
from tests.conftest import Declare, Declared

SECRET = "vault:kv/secretV2:SecretV2"  # a type's name


def _declared(declare: Declare, *, keep: bool = True) -> Declared:
    def program() -> None:
        KeyValue(
            "kv",
            KeyValueArgs(
                mount="kv",
                secrets={"shop/orders/mail": pulumi.Output.from_input({"password": "hunter2"})},
                keep=keep,
            ),
        )

    return declare(program)


def test_a_value_is_secret_even_where_its_source_was_not(declare: Declare) -> None:
    resource = _declared(declare).resource(SECRET)

    assert json.loads(resource.inputs["dataJson"]) == {"password": "hunter2"}
    assert "dataJson" in resource.secrets


def test_a_secret_lies_at_its_services_path(declare: Declare) -> None:
    resource = _declared(declare).resource(SECRET)

    assert (resource.inputs["mount"], resource.inputs["name"]) == ("kv", "shop/orders/mail")
    assert resource.delete_before_replace


def test_the_mount_is_kv_2_and_guarded(declare: Declare) -> None:
    mount = _declared(declare).resource("vault:index/mount:Mount")

    assert mount.inputs["options"] == {"version": "2"}
    assert mount.protect
    assert not _declared(declare, keep=False).resource("vault:index/mount:Mount").protect


def test_the_mount_says_how_many_versions_it_keeps_once_it_takes_writes(declare: Declare) -> None:
    versions = _declared(declare).resource("vault:kv/secretBackendV2:SecretBackendV2")

    assert (versions.inputs["mount"], versions.inputs["maxVersions"]) == ("kv", 10)
    assert "secret-shop/orders/mail" in versions.dependencies


def test_a_mount_that_was_there_is_imported_with_its_own_description(declare: Declare) -> None:
    adopted = AdoptedMount(options={"version": "2"}, description="the old one")

    declared = declare(
        lambda: KeyValue("kv", KeyValueArgs(mount="kv", secrets={}, adopted=adopted))
    )

    mount = declared.resource("vault:index/mount:Mount")
    assert (mount.imported, mount.inputs["description"]) == ("kv", "the old one")
    # It may keep more versions, and those would go.
    assert declared.all("vault:kv/secretBackendV2:SecretBackendV2") == []
