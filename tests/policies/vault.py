"""A small Vault that every rule accepts: a cluster, a service, a team with one person, and a secret."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from acl.account import Shape, account_acl
from acl.document import render, rule
from acl.grants import administrators_acl, service_acl
from policies.framework.properties import secret
from policies.rules.stack.audit import VERSIONS
from policies.rules.stack.picture import SECRET
from policies.rules.vault.acls import ACL, OWNED
from policies.rules.vault.bearers import JWT, USERPASS
from policies.rules.vault.mounts import LOGIN_MOUNTS, MOUNT
from tests.policies.case import Sample

SHAPE = Shape(key_value=frozenset({"kv"}), methods={"kubernetes": "jwt", "people": "userpass"})
ACCOUNT = account_acl(SHAPE, name="strongroom", mount="strongroom")
SERVICE = service_acl("kv", "shop/orders")
TEAM = administrators_acl("kv")

OWNED_CLUSTER = Sample(
    type=OWNED,
    name="owned",
    inputs={
        "flavour": "vault",
        "mount": "strongroom",
        "name": "strongroom",
        "acl": ACCOUNT,
        "audit_files": ["/audit-0.log", "/audit-1.log"],
    },
)
KEY_VALUE = Sample(
    type=MOUNT, name="kv", inputs={"path": "kv", "type": "kv", "options": {"version": "2"}}
)
KEPT = Sample(type=VERSIONS, name="versions", inputs={"mount": "kv", "maxVersions": 10.0})
LOGIN = Sample(
    type=LOGIN_MOUNTS[1],
    name="login",
    inputs={
        "type": "jwt",
        "path": "kubernetes",
        "boundIssuer": "https://issuer",
        "tune": {"listingVisibility": "hidden"},
    },
)
PEOPLE = Sample(type=LOGIN_MOUNTS[0], name="people", inputs={"type": "userpass", "path": "people"})
PERSON = Sample(
    type=USERPASS,
    name="ada",
    inputs={
        "mount": "people",
        "username": "ada",
        "passwordWo": secret("a-password"),
        "tokenPolicies": ["team-administrators"],
        "tokenTtl": 28800.0,
        "tokenMaxTtl": 43200.0,
        "tokenBoundCidrs": ["10.0.0.0/8"],
    },
)


def acl(name: str, text: str, within: str = "") -> Sample:
    return Sample(
        type=ACL, name=f"acl-{name}", inputs={"name": name, "policy": text}, within=within
    )


def service_role(service: str, *acls: str, **inputs: Any) -> Sample:
    """A service's jwt role, called `role-shop.orders`, with its acl and these."""
    slug = service.replace("/", ".")
    return Sample(
        type=JWT,
        name=f"role-{slug}",
        inputs={
            "backend": "kubernetes",
            "roleName": f"svc-{slug}",
            "roleType": "jwt",
            "userClaim": "sub",
            "boundAudiences": ["vault"],
            "boundSubject": f"system:serviceaccount:{service.replace('/', ':')}",
            "tokenPolicies": [f"svc-{slug}", *acls],
            "tokenTtl": 600.0,
            "tokenMaxTtl": 600.0,
            **inputs,
        },
    )


def kept(path: str) -> Sample:
    """A secret in mount `kv`, called by its path."""
    inputs = {"mount": "kv", "name": path, "dataJson": secret('{"password": "x"}')}
    return Sample(type=SECRET, name=path, inputs=inputs)


def service(name: str, *acls: str, shared: Sequence[str] = ()) -> list[Sample]:
    """A whole service, its secret `mail` among it."""
    text = service_acl("kv", name, shared)
    return [
        acl(f"svc-{name.replace('/', '.')}", text),
        service_role(name, *acls),
        kept(f"{name}/mail"),
    ]


VAULT = [
    OWNED_CLUSTER,
    KEY_VALUE,
    KEPT,
    LOGIN,
    PEOPLE,
    acl("team-administrators", TEAM),
    PERSON,
    *service("shop/orders"),
]
ORDERS, ROLE, MAIL = "acl-svc-shop.orders", "role-shop.orders", "shop/orders/mail"
"""Names of the service's parts."""


def granted(path: str, *capabilities: Any, to: str = SERVICE) -> str:
    """An acl's text with one more block."""
    return to + "\n" + render([rule(path, *capabilities)])


def without(*names: str) -> list[Sample]:
    return [each for each in VAULT if each.name not in names]


def over(sample: Sample, **inputs: Any) -> Sample:
    return replace(sample, inputs={**sample.inputs, **inputs})
