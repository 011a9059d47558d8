import json

import pulumi

from catalog.model import Team
from components.access.people import People, PeopleArgs
from tests.conftest import Declare, Declared

TEAMS = (
    Team(name="administrators", administrator=True, members={"ada": "adaPassword"}),
    Team(
        name="shop",
        members={"ada": "adaPassword", "grace": "gracePassword"},
        services={"shop/orders": "read", "shop/billing": "write"},
    ),
)
USER = "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser"
POLICY = "vault:index/policy:Policy"


def _declared(declare: Declare, cidrs: tuple[str, ...] = ()) -> Declared:
    def program() -> None:
        People(
            "people",
            PeopleArgs(
                teams=TEAMS,
                mount="people",
                key_value="kv",
                password=lambda key: pulumi.Output.from_input(f"value-of-{key}"),
                cidrs=cidrs,
            ),
        )

    return declare(program)


def test_a_person_in_two_teams_has_both_acls(declare: Declare) -> None:
    ada = _declared(declare).one(USER, "person-ada")

    assert ada["tokenPolicies"] == ["team-administrators", "team-shop"]
    assert ada["mount"] == "people"


def test_a_person_logs_in_from_the_named_networks_or_from_anywhere(declare: Declare) -> None:
    bound = _declared(declare, ("10.0.0.0/8",)).one(USER, "person-ada")
    assert bound["tokenBoundCidrs"] == ["10.0.0.0/8"]
    assert "tokenBoundCidrs" not in _declared(declare).one(USER, "person-ada")


def test_passwords_are_secret_even_where_the_configuration_was_not(declare: Declare) -> None:
    for resource in _declared(declare).resources:
        open_ = {key: v for key, v in resource.inputs.items() if key not in resource.secrets}
        assert "value-of-" not in json.dumps(open_)


def test_another_password_is_another_version(declare: Declare) -> None:
    declared = _declared(declare)

    ada = declared.resource(USER, "person-ada")
    grace = declared.resource(USER, "person-grace")
    assert ada.inputs["passwordWoVersion"] != grace.inputs["passwordWoVersion"]
    assert "passwordWoVersion" in ada.secrets


def test_teams_have_the_acl_that_their_file_says(declare: Declare) -> None:
    declared = _declared(declare)

    shop = declared.one(POLICY, "team-shop")["policy"]
    assert 'path "kv/data/shop/orders/*" {\n  capabilities = ["read"]' in shop
    assert 'path "kv/data/shop/billing/*" {\n  capabilities = ["create"' in shop
    assert "sys/step-down" in declared.one(POLICY, "team-administrators")["policy"]


def test_a_renamed_mount_is_another_mount_and_everybody_in_it_is_written_anew(
    declare: Declare,
) -> None:
    declared = _declared(declare)

    mount = declared.resource("vault:index/authBackend:AuthBackend")
    assert mount.replace_on_changes == ("path",)
    assert mount.delete_before_replace
    assert mount.protect
    ada = declared.resource(USER, "person-ada")
    assert "people-mount" in ada.property_dependencies["mount"]
