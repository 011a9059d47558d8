"""Tables of the rules over one acl."""

from acl.stanza import Acl
from policies.framework.properties import Properties
from policies.framework.resource import Resource
from policies.rules.vault import acls
from policies.rules.vault.acls import shadowed
from policies.rules.vault.text import acl as read
from tests.policies.case import Case, Change
from tests.policies.vault import ACCOUNT, ORDERS, VAULT, acl, granted

_ADOPTED = "strongroom:adopted:AdoptedVault"
DENYING = granted("kv/data/shop/orders/private/*", "deny")


def _text(text: str, of: str = ORDERS) -> Change:
    return Change("acl" if of == "owned" else "policy", text, of=of)


CASES = [
    Case(
        rule=acls.acl_is_readable,
        compliant=VAULT,
        breakages={
            "no HCL": _text('path "kv/data/*" {'),
            "a capability that no server knows": _text(
                'path "kv/data/shop/orders/*" { capabilities = ["raed"] }'
            ),
            "of the account": _text("path {", of="owned"),
        },
    ),
    Case(
        rule=acls.acl_is_not_root_like,
        compliant=VAULT,
        breakages={
            "everything": _text(granted("*", "create", "read", "update", "delete", "list", "sudo")),
            "only read": _text(granted("*", "read")),
            "every mount by segment": _text(granted("+/data/*", "read")),
            "every mount with a letter": _text(granted("k*", "read")),
            "the whole system, with sudo": _text(granted("sys/*", "read", "sudo")),
            "all logins": _text(granted("auth/*", "update")),
            "of the account": _text(granted("*", "read", to=ACCOUNT), of="owned"),
        },
    ),
    Case(
        rule=acls.acl_sudo_is_exact,
        compliant=VAULT,
        breakages={
            "below a prefix": _text(granted("sys/leases/*", "list", "sudo")),
            "below a segment": _text(granted("sys/mounts/+/tune", "read", "sudo")),
        },
    ),
    Case(
        rule=acls.acl_keeps_off_break_glass,
        compliant=VAULT,
        breakages={
            "raw storage": _text(granted("sys/raw/logical/abc", "read")),
            "the seal": _text(granted("sys/seal", "update")),
            "audit devices": _text(granted("sys/audit/file", "delete")),
            "a snapshot, by a prefix": _text(granted("sys/storage/raft/*", "read")),
            "remount": _text(granted("sys/remount", "update")),
            "everybody's leases": _text(granted("sys/leases/revoke-prefix/auth/*", "update")),
        },
    ),
    Case(
        rule=acls.acl_mints_no_orphan,
        compliant=VAULT,
        breakages={
            "without a parent": _text(granted("auth/token/create-orphan", "update")),
            "by a role": _text(granted("auth/token/create/batch", "update")),
            "token roles": _text(granted("auth/token/roles/mine", "update")),
        },
    ),
    Case(
        rule=acls.acl_destroys_no_version,
        compliant=VAULT,
        breakages={
            "destroy": _text(granted("kv/destroy/shop/orders/*", "update")),
            "metadata": _text(granted("kv/metadata/shop/*", "delete")),
        },
    ),
    Case(
        rule=acls.acl_denies_hold,
        compliant=[*VAULT[:-3], acl("svc-shop.orders", DENYING), *VAULT[-2:]],
        breakages={
            "a grant below": _text(granted("kv/data/shop/orders/private/key", "read", to=DENYING)),
            "a later wildcard": _text(granted("kv/data/+/orders/mail", "deny")),
        },
    ),
    Case(
        rule=acls.acl_name_is_its_own,
        compliant=[*VAULT, acl("more", granted("kv/data/x", "read", to=""), within=_ADOPTED)],
        breakages={
            "default": Change("name", "default", of="acl-more"),
            "root": Change("name", "root", of="acl-more"),
        },
    ),
]


def _resource(text: str) -> Resource:
    return Resource(
        type=acls.ACL, name="a", urn="urn", inputs=Properties({"name": "a", "policy": text})
    )


def test_a_deny_that_reaches_a_break_glass_path_takes_the_grant_back() -> None:
    text = (
        granted("sys/storage/raft/*", "read")
        + granted("sys/storage/raft/snapshot", "deny", to="")
        + granted("sys/storage/raft/snapshot-force", "deny", to="")
    )
    assert acls.acl_keeps_off_break_glass.on(_resource(text)).findings == ()


def test_a_shadowed_deny_is_named_with_line_and_path() -> None:
    found = read(
        "a",
        'path "kv/data/+/mail" { capabilities = ["deny"] }\npath "kv/data/shop/*" { capabilities = ["read"] }',
    )
    assert isinstance(found, Acl)
    [shadow] = shadowed((found,))
    assert str(shadow) == (
        'a:1 path "kv/data/+/mail" [deny] denies nothing at kv/data/shop/mail,'
        ' where a:2 path "kv/data/shop/*" [read] decides'
    )


def test_a_deny_below_a_grant_holds() -> None:
    found = read(
        "a",
        'path "kv/data/*" { capabilities = ["read"] }\npath "kv/data/x/*" { capabilities = ["deny"] }',
    )
    assert isinstance(found, Acl)
    assert list(shadowed((found,))) == []
