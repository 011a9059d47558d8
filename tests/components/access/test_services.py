import dataclasses
from typing import Any, Literal

import pytest

from catalog.acls import shared_paths
from catalog.model import Service
from components.access.service_login import ServiceLogin, ServiceLoginArgs
from components.access.services import Services, ServicesArgs
from tests.conftest import Declare, Declared

ORDERS = Service(
    namespace="shop",
    name="orders",
    secrets={"mail": {"password": "mailPassword"}},
    shares={"mail": ("shop/billing",)},
)
BILLING = Service(namespace="shop", name="billing")
JWT = ServiceLoginArgs(
    method="jwt",
    mount="kubernetes",
    audience="vault",
    issuer="https://issuer",
    keys=("-----BEGIN KEY-----\n",),
)
KUBERNETES = ServiceLoginArgs(
    method="kubernetes", mount="kubernetes", audience="vault", host="https://api", ca="a ca"
)
OF_EDGE = dataclasses.replace(KUBERNETES, reviewer_token="reviewer's")
POLICY = "vault:index/policy:Policy"
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"


def _declared(declare: Declare, login: ServiceLoginArgs) -> Declared:
    def program() -> dict[str, dict[str, Any]]:
        made = ServiceLogin("login", login)
        args = ServicesArgs(services=(ORDERS, BILLING), logins={"home": made}, key_value="kv")
        return Services("services", args).logins

    return declare(program)


def test_a_role_is_bound_to_exactly_one_service_account(declare: Declare) -> None:
    role = _declared(declare, JWT).one(JWT_ROLE, "role-svc-shop.orders")

    assert role["boundSubject"] == "system:serviceaccount:shop:orders"
    assert role["boundAudiences"] == ["vault"]
    assert role["tokenPolicies"] == ["svc-shop.orders"]
    assert role["roleName"] == "svc-shop.orders"


def test_kubernetes_auth_is_behind_the_same_setting(declare: Declare) -> None:
    declared = _declared(declare, KUBERNETES)

    role = declared.one(KUBERNETES_ROLE, "role-svc-shop.orders")
    assert role["boundServiceAccountNames"] == ["orders"]
    assert role["boundServiceAccountNamespaces"] == ["shop"]
    assert role["audience"] == "vault"
    config = declared.one("vault:kubernetes/authBackendConfig:AuthBackendConfig")
    assert config["disableLocalCaJwt"] is True
    assert config["kubernetesCaCert"] == "a ca"
    assert "tokenReviewerJwt" not in config


@pytest.mark.parametrize("login", [JWT, KUBERNETES])
def test_tokens_are_short(declare: Declare, login: ServiceLoginArgs) -> None:
    declared = _declared(declare, login)
    kind = JWT_ROLE if login.method == "jwt" else KUBERNETES_ROLE

    for role in declared.all(kind):
        assert role.inputs["tokenTtl"] == role.inputs["tokenMaxTtl"] == 600


def test_what_is_shared_is_readable_and_no_more(declare: Declare) -> None:
    declared = _declared(declare, JWT)

    billing = declared.one(POLICY, "svc-shop.billing")["policy"]
    assert 'path "kv/data/shop/orders/mail"' in billing
    assert 'path "kv/data/shop/billing/*"' in billing
    assert "shop/billing" not in declared.one(POLICY, "svc-shop.orders")["policy"]
    assert shared_paths((ORDERS, BILLING)) == {"shop/billing": ["shop/orders/mail"]}


def test_names_that_are_fixed_are_deleted_before_they_are_made_anew(declare: Declare) -> None:
    declared = _declared(declare, JWT)

    for kind in (POLICY, JWT_ROLE):
        for resource in declared.all(kind):
            assert resource.delete_before_replace is True


def test_logins_say_mount_and_role(declare: Declare) -> None:
    assert _declared(declare, JWT).result["shop/orders"] == {
        "role": "svc-shop.orders",
        "mounts": {"home": "kubernetes"},
    }


@pytest.mark.parametrize("edge", [JWT, OF_EDGE])
def test_a_service_in_two_clusters_is_two_roles_and_one_acl(
    declare: Declare, edge: ServiceLoginArgs
) -> None:
    edge = dataclasses.replace(edge, mount="kubernetes-edge", roles="edge-role")
    both = dataclasses.replace(ORDERS, clusters=("home", "edge"))

    def program() -> dict[str, dict[str, Any]]:
        logins = {"home": ServiceLogin("login", JWT), "edge": ServiceLogin("edge-login", edge)}
        args = ServicesArgs(services=(both, BILLING), logins=logins, key_value="kv")
        return Services("services", args).logins

    declared = declare(program)

    roles = {role.name: role for kind in (JWT_ROLE, KUBERNETES_ROLE) for role in declared.all(kind)}
    assert {name: role.inputs["backend"] for name, role in roles.items()} == {
        "role-svc-shop.orders": "kubernetes",
        "edge-role-svc-shop.orders": "kubernetes-edge",
        "role-svc-shop.billing": "kubernetes",
    }
    assert {role.inputs["roleName"] for role in roles.values()} == {
        "svc-shop.orders",
        "svc-shop.billing",
    }
    assert len({role.urn for role in roles.values()}) == 3
    acls = [each.inputs["name"] for each in declared.all(POLICY)]
    assert acls == ["svc-shop.billing", "svc-shop.orders"]
    assert declared.result["shop/orders"]["mounts"] == {
        "home": "kubernetes",
        "edge": "kubernetes-edge",
    }


def test_another_cluster_is_asked_with_a_token_that_is_a_secret(declare: Declare) -> None:
    config = _declared(declare, OF_EDGE).resource(
        "vault:kubernetes/authBackendConfig:AuthBackendConfig"
    )

    assert config.inputs["tokenReviewerJwt"] == "reviewer's"
    assert config.secrets == {"tokenReviewerJwt"}
    assert config.inputs["disableLocalCaJwt"] is True


def test_a_reviewer_without_its_cluster_s_ca_is_refused() -> None:
    with pytest.raises(ValueError, match="ca must be given"):
        dataclasses.replace(OF_EDGE, ca=None)


def test_a_public_key_does_not_end_in_a_newline(declare: Declare) -> None:
    mount = _declared(declare, JWT).one("vault:jwt/authBackend:AuthBackend")

    assert mount["jwtValidationPubkeys"] == ["-----BEGIN KEY-----"]


def test_deleting_the_login_mount_is_guarded(declare: Declare) -> None:
    assert _declared(declare, JWT).resource("vault:jwt/authBackend:AuthBackend").protect


@pytest.mark.parametrize(("method", "missing"), [("jwt", "issuer"), ("kubernetes", "host")])
def test_a_login_without_what_it_judges_by_is_refused(
    method: Literal["jwt", "kubernetes"], missing: str
) -> None:
    with pytest.raises(ValueError, match=missing):
        ServiceLoginArgs(method=method, mount="kubernetes", audience="vault")


@pytest.mark.parametrize(
    ("login", "mount", "role"),
    [
        (JWT, "vault:jwt/authBackend:AuthBackend", JWT_ROLE),
        (KUBERNETES, "vault:index/authBackend:AuthBackend", KUBERNETES_ROLE),
    ],
)
def test_a_renamed_mount_is_another_mount_and_its_roles_go_with_the_old_one(
    declare: Declare, login: ServiceLoginArgs, mount: str, role: str
) -> None:
    declared = _declared(declare, dataclasses.replace(login, mount="workloads"))

    made = declared.resource(mount, "login-mount")
    assert made.inputs["path"] == "workloads"
    assert made.replace_on_changes == ("path",)
    assert made.delete_before_replace
    of_orders = declared.resource(role, "role-svc-shop.orders")
    assert of_orders.inputs["backend"] == "workloads"
    assert "login-mount" in of_orders.property_dependencies["backend"]
    assert of_orders.delete_before_replace


@pytest.mark.parametrize("keep", [True, False])
def test_a_mount_that_is_kept_is_protected_from_its_renaming(
    declare: Declare, *, keep: bool
) -> None:
    declared = _declared(declare, dataclasses.replace(JWT, keep=keep))

    assert declared.resource("vault:jwt/authBackend:AuthBackend").protect is keep
