"""Everything that a Vault holds, as far as the catalogue has words for it, and what it has none for."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hvac
from pydantic import TypeAdapter, ValidationError

from catalog.adopted import (
    AclName,
    AdoptedJwtRole,
    AdoptedKubernetesRole,
    MountPath,
    RoleName,
)
from catalog.model import KEY_VALUE
from custody.errors import RefusedError
from custody.vault import ask

_VAULT_S_OWN = ("sys", "identity", "cubbyhole", "agent-registry")
_ROLES: Mapping[str, type[AdoptedKubernetesRole] | type[AdoptedJwtRole]] = {
    "kubernetes": AdoptedKubernetesRole,
    "jwt": AdoptedJwtRole,
}
# What a field is where nobody set it, apart from what is empty.
_USUAL = {
    "alias_name_source": "serviceaccount_uid", "bound_claims_type": "string",
    "token_type": "default", "callback_mode": "client",
}  # fmt: skip
# Older words for token_policies and so on, which are answered beside them.
_OLDER = ("policies", "ttl", "max_ttl", "period", "num_uses", "bound_cidrs")


@dataclass(kw_only=True)
class Found:
    """What can be said in the catalogue, and what can't."""

    document: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """One line each: what it is, and why it stays as it is."""

    @property
    def counts(self) -> str:
        """`1 mount, 2 login methods with 3 roles, 4 acls`."""
        methods = self.document["methods"]
        roles = sum(len(each["roles"]) for each in methods.values())
        return (
            f"{_some(len(self.document['mounts']), 'mount')}, {_some(len(methods), 'login method')} with"
            f" {_some(roles, 'role')}, {_some(len(self.document['acls']), 'acl')}"
        )


def holdings(client: hvac.Client, taken: Mapping[str, str], ours: Collection[str]) -> Found:
    """Read mounts, login methods, roles and acls; change nothing.

    `taken`: mounts that the settings name -> which part does. `ours`: paths and names of what the program made.

    Raises:
        CustodyError: if the server does not answer or refuses.

    """
    found = Found(document={"adopted": "before", "mounts": {}, "methods": {}, "acls": {}})
    _mounts(client, found)
    _methods(client, found, {path: part for path, part in taken.items() if path not in ours}, ours)
    _acls(client, found, ours)
    return found


def _read(client: hvac.Client, what: str, path: str, *, listed: bool = False) -> dict[str, Any]:
    """Read, or list; nothing where there is nothing."""
    call = client.adapter.list if listed else client.adapter.get
    try:
        answer = ask(client.url, what, partial(call, f"/v1/{path}"))
    except RefusedError as error:
        if error.reason == "InvalidPath":
            return {}
        raise
    return dict(answer["data"])


def _mounts(client: hvac.Client, found: Found) -> None:
    for path, mount in sorted(_read(client, "mounts", "sys/mounts").items()):
        name = path.rstrip("/")
        if name in _VAULT_S_OWN or mount["type"] in (
            "system",
            "ns_system",
            "cubbyhole",
            "identity",
        ):
            continue
        wrong = _unlike_kv(name, mount)
        if wrong:
            found.left.append(f"mount {name}: {wrong}")
            continue
        options = {key: str(value) for key, value in (mount.get("options") or {}).items()}
        entry: dict[str, Any] = {"options": options} if options else {}
        found.document["mounts"][name] = _described(entry, mount)


def _unlike_kv(name: str, mount: Mapping[str, Any]) -> str | None:
    version = (mount.get("options") or {}).get("version")
    if mount["type"] != "kv":
        return f"it is a {mount['type']} engine, and the catalogue knows kv only"
    if mount.get("local"):
        return "it is local to one cluster of several"
    if not _fits(MountPath, name):
        return "its path can't be written in an acl without meaning more"
    if name == KEY_VALUE and version != "2":
        return (
            f"it is KV version 1, and the program's own mount of that name is version 2; vault kv"
            f" enable-versioning {name}, and adopt again"
        )
    return None


def _methods(
    client: hvac.Client, found: Found, taken: Mapping[str, str], ours: Collection[str]
) -> None:
    for path, method in sorted(_read(client, "login methods", "sys/auth").items()):
        name, kind = path.rstrip("/"), method["type"]
        if kind in ("token", "ns_token") or name in ours:
            continue
        if name in taken:
            # The program's own, once it has run; else it has to give way.
            if taken[name] != "account":
                wrong = f"{taken[name]}.mount names it, and would configure it anew; write another there"
                found.left.append(f"login method {name}: {wrong}")
            continue
        if kind not in _ROLES:
            wrong = f"it is of type {kind}, and the catalogue knows kubernetes and jwt"
        elif method.get("local"):
            wrong = "it is local to one cluster of several"
        elif not _fits(MountPath, name):
            wrong = "its path can't be written in an acl without meaning more"
        else:
            roles = dict(_roles(client, found, name, kind))
            found.document["methods"][name] = {**_described({"kind": kind}, method), "roles": roles}
            continue
        found.left.append(f"login method {name}: {wrong}")


def _roles(
    client: hvac.Client, found: Found, mount: str, kind: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = _read(client, f"roles of {mount}", f"auth/{mount}/role", listed=True)
    for name in sorted(listed.get("keys") or []):
        at = f"auth/{mount}/role/{name}"
        if not _fits(RoleName, name):
            found.left.append(
                f"role {at}: its name can't be written in an acl without meaning more"
            )
            continue
        try:
            yield name, _role(kind, _read(client, f"role {at}", at))
        except _InexpressibleError as error:
            found.left.append(f"role {at}: {error}")


class _InexpressibleError(Exception):
    """Why the catalogue has no word for it."""


def _role(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    model = _ROLES[kind]
    said = {
        name: value
        for name, value in data.items()
        if value and _USUAL.get(name) != value and not (name in _OLDER and f"token_{name}" in data)
    }
    for name in sorted(said.keys() - model.model_fields.keys()):
        raise _InexpressibleError(f"the catalogue has no word for its {name}")
    if said.get("role_type", "jwt") != "jwt":
        raise _InexpressibleError(f"it is an {said['role_type']} role, and the catalogue knows jwt")
    if "bound_claims" in said:
        said["bound_claims"] = {claim: _joined(v) for claim, v in said["bound_claims"].items()}
    try:
        return model.model_validate(said).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        fields = ", ".join(str(each["loc"][0]) for each in error.errors())
        raise _InexpressibleError(f"its {fields} is nothing that the catalogue can say") from None


def _joined(value: object) -> str:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and "," not in each for each in listed):
        raise _InexpressibleError("a bound claim is no plain text without commas")
    return ",".join(map(str, listed))


def _acls(client: hvac.Client, found: Found, ours: Collection[str]) -> None:
    listed = _read(client, "acls", "sys/policies/acl", listed=True)
    for name in sorted(listed.get("keys") or []):
        if name in ("root", "default", "default-ceiling") or name in ours:
            continue
        if name.startswith(("svc-", "team-")):
            wrong = "its name is that of a service's or a team's; write their file, which writes it anew"
        elif not _fits(AclName, name):
            wrong = "its name can't be written in an acl without meaning more"
        else:
            text = _read(client, f"acl {name}", f"sys/policies/acl/{name}")["policy"]
            found.document["acls"][name] = text
            continue
        found.left.append(f"acl {name}: {wrong}")


def _described(entry: dict[str, Any], mount: Mapping[str, Any]) -> dict[str, Any]:
    description = mount.get("description")
    return {**entry, "description": description} if description else entry


def _fits(kind: Any, value: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
