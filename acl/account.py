"""The limited account's acl, which follows from the shape of what is declared, never from the list of services."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from acl.document import Rule, render, rule

Method = Literal["jwt", "kubernetes", "userpass"]

# What the official provider touches below auth/<mount>/, by method (traced; facts of pulumi-vault 7.11).
_BELOW_METHOD: Mapping[Method, tuple[str, ...]] = {
    "jwt": ("config", "role/*"),
    "kubernetes": ("config", "role/*"),
    "userpass": ("users/*",),
}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Which mounts and login methods are declared. A new one changes the account's acl; a service does not."""

    key_value: frozenset[str] = frozenset()
    """Paths of KV v2 mounts."""
    methods: Mapping[str, Method] = field(default_factory=dict)
    """Path of a login method's mount -> its kind."""

    def united(self, other: "Shape") -> "Shape":
        """Both shapes at once: what the acl must cover while one turns into the other."""
        return Shape(
            key_value=self.key_value | other.key_value, methods={**other.methods, **self.methods}
        )

    def beyond(self, other: "Shape") -> list[str]:
        """Name what is here and not in `other`: `kv`, `auth/kubernetes`."""
        methods = {path for path, kind in self.methods.items() if other.methods.get(path) != kind}
        return sorted([*(self.key_value - other.key_value), *(f"auth/{path}" for path in methods)])

    def to_document(self) -> dict[str, object]:
        """Plain JSON, as it stands in the state."""
        return {"key_value": sorted(self.key_value), "methods": dict(sorted(self.methods.items()))}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Shape":
        """Read what `to_document` wrote."""
        key_value, methods = document["key_value"], document["methods"]
        if not isinstance(key_value, list) or not isinstance(methods, Mapping):
            raise TypeError("a shape's document is {key_value: [...], methods: {...}}")
        return cls(key_value=frozenset(map(str, key_value)), methods=dict(methods))


def account_acl(shape: Shape, *, name: str, mount: str) -> str:
    """Give the acl of the account `name` on its own userpass mount `mount`.

    Its own acl and its own mount are denied, so that no accident makes it more than it is. That does not
    hold against intent: whoever writes acls and logins can grant himself anything.
    """
    return render(
        [
            # The provider works with a child token, so that its leases end with it.
            rule("auth/token/create", "update"),
            *(
                each
                for prefix in ("svc", "team")
                for each in _whole(f"sys/policies/acl/{prefix}-*")
            ),
            *(each for path in shape.key_value for each in _key_value(path)),
            *(each for path, kind in shape.methods.items() for each in _method(path, kind)),
            rule(f"sys/policies/acl/{name}", "deny"),
            rule(f"sys/auth/{mount}", "deny"),
            rule(f"sys/mounts/auth/{mount}/*", "deny"),
            rule(f"auth/{mount}/users/*", "deny"),
        ]
    )


def _whole(path: str) -> Iterable[Rule]:
    yield rule(path, "create", "read", "update", "delete")


def _key_value(path: str) -> Iterable[Rule]:
    yield from _whole(f"sys/mounts/{path}")
    yield rule(f"sys/mounts/{path}/tune", "read", "update")
    yield from _whole(f"{path}/data/*")
    # No delete: a secret's older versions outlive its removal from the program.
    yield rule(f"{path}/metadata/*", "create", "read", "update")


def _method(path: str, kind: Method) -> Iterable[Rule]:
    # Without sudo even reads of sys/auth fail.
    yield rule(f"sys/auth/{path}", "create", "update", "delete", "sudo")
    yield rule(f"sys/mounts/auth/{path}", "read")
    yield rule(f"sys/mounts/auth/{path}/tune", "read", "update")
    for below in _BELOW_METHOD[kind]:
        yield from _whole(f"auth/{path}/{below}")
