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
    adopted_mounts: frozenset[str] = frozenset()
    """Paths of mounts that were there before the program: the mount alone, nothing in it."""
    adopted_methods: frozenset[str] = frozenset()
    """Paths of login methods that were there before: the mount and its roles, not its configuration."""
    adopted_acls: frozenset[str] = frozenset()
    """Names of acls that were there before."""

    def united(self, other: "Shape") -> "Shape":
        """Both shapes at once: what the acl must cover while one turns into the other."""
        return Shape(
            key_value=self.key_value | other.key_value,
            methods={**other.methods, **self.methods},
            adopted_mounts=self.adopted_mounts | other.adopted_mounts,
            adopted_methods=self.adopted_methods | other.adopted_methods,
            adopted_acls=self.adopted_acls | other.adopted_acls,
        )

    def beyond(self, other: "Shape") -> list[str]:
        """Name what is here and not in `other`: `kv`, `auth/kubernetes`."""
        methods = {path for path, kind in self.methods.items() if other.methods.get(path) != kind}
        methods |= self.adopted_methods - other.adopted_methods
        mounts = self.key_value - other.key_value | self.adopted_mounts - other.adopted_mounts
        acls = self.adopted_acls - other.adopted_acls
        return sorted([*mounts, *(f"auth/{p}" for p in methods), *(f"acl {n}" for n in acls)])

    def to_document(self) -> dict[str, object]:
        """Plain JSON, as it stands in the state."""
        adopted = {name: sorted(getattr(self, name)) for name in _ADOPTED}
        return {
            "key_value": sorted(self.key_value),
            "methods": dict(sorted(self.methods.items())),
            # What is empty stays away: a state from before there was such a thing shows no difference.
            **{name: listed for name, listed in adopted.items() if listed},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Shape":
        """Read what `to_document` wrote."""
        key_value, methods = document["key_value"], document["methods"]
        if not isinstance(key_value, list) or not isinstance(methods, Mapping):
            raise TypeError("a shape's document is {key_value: [...], methods: {...}}")
        adopted = {name: _texts(document.get(name, [])) for name in _ADOPTED}
        return cls(key_value=_texts(key_value), methods=dict(methods), **adopted)


_ADOPTED = ("adopted_mounts", "adopted_methods", "adopted_acls")


def _texts(listed: object) -> frozenset[str]:
    if not isinstance(listed, list):
        raise TypeError("a shape's paths and names are lists")
    return frozenset(map(str, listed))


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
            *(each for path in shape.adopted_mounts for each in _mount(path)),
            *(each for path in shape.adopted_methods for each in _login_mount(path)),
            *(each for p in shape.adopted_methods for each in _whole(f"auth/{p}/role/*")),
            *(each for n in shape.adopted_acls for each in _whole(f"sys/policies/acl/{n}")),
            rule(f"sys/policies/acl/{name}", "deny"),
            rule(f"sys/auth/{mount}", "deny"),
            rule(f"sys/mounts/auth/{mount}/*", "deny"),
            rule(f"auth/{mount}/users/*", "deny"),
        ]
    )


def _whole(path: str) -> Iterable[Rule]:
    yield rule(path, "create", "read", "update", "delete")


def _mount(path: str) -> Iterable[Rule]:
    yield from _whole(f"sys/mounts/{path}")
    yield rule(f"sys/mounts/{path}/tune", "read", "update")


def _key_value(path: str) -> Iterable[Rule]:
    yield from _mount(path)
    yield from _whole(f"{path}/data/*")
    # No delete: a secret's older versions outlive its removal from the program.
    yield rule(f"{path}/metadata/*", "create", "read", "update")
    # How many versions it keeps.
    yield rule(f"{path}/config", "create", "read", "update")


def _method(path: str, kind: Method) -> Iterable[Rule]:
    yield from _login_mount(path)
    for below in _BELOW_METHOD[kind]:
        yield from _whole(f"auth/{path}/{below}")


def _login_mount(path: str) -> Iterable[Rule]:
    # Without sudo even reads of sys/auth fail.
    yield rule(f"sys/auth/{path}", "create", "update", "delete", "sudo")
    yield rule(f"sys/mounts/auth/{path}", "read")
    yield rule(f"sys/mounts/auth/{path}/tune", "read", "update")
