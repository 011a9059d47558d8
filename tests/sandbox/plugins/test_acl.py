"""The limited account's acl is enough for the stand-in, as it is for the official plugin."""

import json
from collections.abc import Callable

import pytest
from hvac import Client

from acl.account import Method, Shape, account_acl
from tests.sandbox.plugins import samples_vault as samples
from tests.sandbox.plugins.driver import Driver
from tests.sandbox.plugins.samples import Sample, over

pytestmark = pytest.mark.real

Case = tuple[str, Callable[[str], Sample], Callable[[str], Shape]]


def methods(prefix: str, method: Method) -> Callable[[str], Shape]:
    return lambda n: Shape(methods={f"{prefix}-{n}": method})


CASES: list[Case] = [
    ("vault:index/mount:Mount", samples.mount, lambda n: Shape(key_value=frozenset({f"kv-{n}"}))),
    (
        "vault:kv/secretV2:SecretV2",
        samples.secret,
        lambda n: Shape(key_value=frozenset({f"kv-{n}"})),
    ),
    ("vault:index/policy:Policy", samples.policy, lambda _: Shape()),
    ("vault:index/authBackend:AuthBackend", samples.auth_backend, methods("people", "userpass")),
    (
        "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser",
        samples.user,
        methods("people", "userpass"),
    ),
    ("vault:jwt/authBackend:AuthBackend", samples.jwt_backend, methods("kubernetes", "jwt")),
    ("vault:jwt/authBackendRole:AuthBackendRole", samples.jwt_role, methods("jwt", "jwt")),
    (
        "vault:kubernetes/authBackendConfig:AuthBackendConfig",
        samples.kubernetes_config,
        methods("kubernetes", "kubernetes"),
    ),
    (
        "vault:kubernetes/authBackendRole:AuthBackendRole",
        samples.kubernetes_role,
        methods("kubernetes", "kubernetes"),
    ),
]


@pytest.mark.parametrize(("token", "make", "shape"), CASES, ids=[case[0] for case in CASES])
def test_a_whole_life_needs_no_more_than_the_accounts_acl(
    token: str,
    make: Callable[[str], Sample],
    shape: Callable[[str], Shape],
    bao: Client,
    vault_address: str,
    suffix: str,
) -> None:
    sample = make(suffix).prepared(bao)
    mount, name = f"own-{suffix}", f"strongroom-{suffix}"
    bao.sys.enable_auth_method("userpass", path=mount)
    acl = account_acl(shape(suffix), name=name, mount=mount)
    bao.sys.create_or_update_policy(name, acl)
    bao.auth.userpass.create_or_update_user("strongroom", "pw", name, mount_point=mount)
    login = {"username": "strongroom", "password": "pw", "mount": mount}
    with Driver.start("vault") as driver:
        driver.configure({"address": vault_address, "authLoginUserpass": json.dumps(login)})
        inputs = dict(sample.inputs)
        identity, state = driver.create(token, inputs)
        _, state, _ = driver.read(token, identity, state, inputs)
        changed = over(inputs, sample.changed)
        state = driver.update(token, identity, state, changed)
        assert driver.diff(token, state, changed) == (set(), set())
        driver.delete(token, identity, state)
