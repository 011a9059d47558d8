"""What a Vault held before the program, taken over unchanged; in order."""

import re
from collections.abc import Iterator
from typing import Any

import hvac
import pytest
import yaml

from components.external import LENT
from tests.e2e.elsewhere import STACK, Elsewhere
from tests.real.foreign import Foreign, running_foreign

pytestmark = [pytest.mark.e2e]

# As people write them: comments, blanks, no newline at the end.
ORDERS = """# Orders reads its own.
path "secret/data/orders/*" { capabilities = ["read"] }

path "legacy/orders" {
    capabilities = ["read", "list"]
}"""
_IMPORTED = 8


def _furnish(foreign: Foreign) -> None:
    client = foreign.client()
    client.sys.disable_secrets_engine("secret")
    client.sys.enable_secrets_engine(
        "kv", path="secret", description="The shop's", options={"version": "2"}
    )
    client.sys.enable_secrets_engine("kv", path="legacy", options={"version": "1"})
    client.sys.enable_secrets_engine("kv", path="kv", options={"version": "2"}, description="old")
    client.sys.enable_secrets_engine("pki", path="pki")
    client.secrets.kv.v1.create_or_update_secret("orders", {"a": "b"}, mount_point="legacy")
    client.sys.create_or_update_acl_policy("orders", ORDERS)
    client.sys.create_or_update_acl_policy("all*of", 'path "x" { capabilities = ["read"] }\n')
    client.sys.enable_auth_method("kubernetes", path="clusters/a", description="Cluster A")
    client.adapter.post(
        "/v1/auth/clusters/a/config",
        json={
            "kubernetes_host": "https://a.example.com",
            "token_reviewer_jwt": "of-the-reviewer",
            "kubernetes_ca_cert": foreign.ca_file.read_text(),
        },
    )
    roles = "/v1/auth/clusters/a/role"
    client.adapter.post(
        f"{roles}/orders",
        json={
            "bound_service_account_names": ["orders", "orders-worker"],
            "bound_service_account_namespaces": ["shop"],
            "token_policies": ["orders", "default"],
            "token_ttl": "1h",
            "token_bound_cidrs": ["10.0.0.0/8"],
        },
    )
    client.adapter.post(
        f"{roles}/selected",
        json={
            "bound_service_account_names": ["a"],
            "bound_service_account_namespace_selector": '{"matchLabels": {"a": "b"}}',
        },
    )
    client.sys.enable_auth_method("jwt", path="ci")
    client.auth.jwt.configure(
        jwt_validation_pubkeys=[_KEY], bound_issuer="https://ci.example.com", path="ci"
    )
    client.adapter.post(
        "/v1/auth/ci/role/deploy",
        json={
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": ["vault"],
            "bound_claims": {"project": ["shop", "blog"], "ref": "main"},
            "token_policies": ["orders"],
            "token_max_ttl": 600,
        },
    )
    client.sys.enable_auth_method("approle")
    client.sys.enable_auth_method("userpass", path="people")


_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----"""


def _data(client: hvac.Client, path: str) -> dict[str, Any]:
    return dict(client.adapter.get(f"/v1/{path}")["data"])


def _held(foreign: Foreign) -> dict[str, Any]:
    """Everything that was there before, as the server tells it."""
    client = foreign.client()
    mounts = client.sys.list_mounted_secrets_engines()["data"]
    methods = client.sys.list_auth_methods()["data"]
    paths = (
        "sys/policies/acl/orders", "auth/clusters/a/config", "auth/clusters/a/role/orders",
        "auth/clusters/a/role/selected", "auth/ci/config", "auth/ci/role/deploy", "legacy/orders",
    )  # fmt: skip
    return {
        **{path: mounts[path] for path in ("secret/", "legacy/", "kv/", "pki/")},
        **{path: methods[path] for path in ("clusters/a/", "ci/", "approle/", "people/")},
        **{path: _data(client, path) for path in paths},
    }


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with running_foreign(tmp_path_factory.mktemp("foreign")) as foreign:
        _furnish(foreign)
        made = Elsewhere.make(tmp_path_factory.mktemp("elsewhere"), foreign, None)
        made.write_settings({"strongroom:people": {"mount": "staff"}})
        yield made


@pytest.fixture(scope="module")
def before(stack: Elsewhere) -> dict[str, Any]:
    return _held(stack.foreign)


def test_without_the_owner_s_token_nothing_is_read(stack: Elsewhere) -> None:
    ran = stack.ops("adopt", "--stack", STACK)

    assert ran.code == 1
    assert ran.output == (
        f"reading what {stack.foreign.address} holds takes its owner's token; set {LENT} for this run\n"
    )


def test_what_is_there_is_written_and_what_cannot_be_said_is_listed(
    stack: Elsewhere, before: dict[str, Any]
) -> None:
    ran = stack.ops("adopt", "--stack", STACK, lent=stack.foreign.root)

    assert ran.code == 0, ran.output
    assert ran.output.splitlines() == [
        "services/adopted.yaml written: 3 mounts, 2 login methods with 2 roles, 1 acl",
        "left as it is: mount pki: it is a pki engine, and the catalogue knows kv only",
        (
            "left as it is: login method approle: it is of type approle, and the catalogue knows"
            " kubernetes and jwt"
        ),
        (
            "left as it is: role auth/clusters/a/role/selected: the catalogue has no word for its"
            " bound_service_account_namespace_selector"
        ),
        (
            "left as it is: login method people: it is of type userpass, and the catalogue knows"
            " kubernetes and jwt"
        ),
        "left as it is: acl all*of: its name can't be written in an acl without meaning more",
    ]
    written = yaml.safe_load((stack.path / "services" / "adopted.yaml").read_text())
    assert written["acls"] == {"orders": ORDERS}
    assert written["methods"]["ci"]["roles"]["deploy"]["bound_claims"] == {
        "project": "shop,blog",
        "ref": "main",
    }
    assert _held(stack.foreign) == before


def test_the_preview_shows_imports_and_no_change(stack: Elsewhere) -> None:
    ran = stack.run("pulumi", "preview", "--non-interactive")

    assert ran.code == 0, ran.output
    assert re.search(rf"= {_IMPORTED} to import", ran.output), ran.output
    for change in ("to update", "to replace", "to delete", "warning"):
        assert change not in ran.output, ran.output


def test_up_imports_them_with_no_token_and_changes_nothing(
    stack: Elsewhere, before: dict[str, Any]
) -> None:
    ran = stack.up()
    again = stack.run("pulumi", "preview", "--non-interactive", "--expect-no-changes")

    assert ran.code == 0, ran.output
    assert re.search(rf"= {_IMPORTED} imported", ran.output), ran.output
    assert again.code == 0, again.output
    assert _held(stack.foreign) == before


def test_from_then_on_it_is_what_its_file_says(stack: Elsewhere) -> None:
    file = stack.path / "services" / "adopted.yaml"
    document = yaml.safe_load(file.read_text())
    document["methods"]["clusters/a"]["roles"]["orders"]["token_ttl"] = 60
    file.write_text(yaml.safe_dump(document))

    ran = stack.up()

    assert ran.code == 0, ran.output
    role = _data(stack.foreign.client(), "auth/clusters/a/role/orders")
    assert (role["token_ttl"], role["token_policies"]) == (60, ["orders", "default"])


def test_adopting_again_does_not_write_over_the_file(stack: Elsewhere) -> None:
    ran = stack.ops("adopt", "--stack", STACK, lent=stack.foreign.root)
    (stack.path / "services" / "adopted.yaml").unlink()
    anew = stack.ops("adopt", "--stack", STACK, lent=stack.foreign.root)
    after = stack.run("pulumi", "preview", "--non-interactive", "--expect-no-changes")

    assert ran.code == 1
    assert ran.output.startswith(
        "services/adopted.yaml is there and says something else; rename it"
    )
    assert anew.code == 0, anew.output
    assert after.code == 0, after.output
