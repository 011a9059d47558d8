"""The limited account: made with a root token, used with its own password."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import hvac

from custody.acl_text import RuleTable, parsed
from custody.errors import CustodyError, RefusedError
from custody.request import Account, AuditDevice
from custody.secret import Secret
from custody.vault import Cluster, ask

DESCRIPTION = "strongroom: the program's own login"
"""Marks the mount as ours: a login method that people use is never taken over."""


@dataclass(frozen=True, kw_only=True)
class Mounts:
    """What is mounted on the server: path, without a slash at its end -> type; and the acls that are there."""

    engines: Mapping[str, str]
    methods: Mapping[str, str]
    acls: frozenset[str] = frozenset()


def mounts(cluster: Cluster, root: Secret) -> Mounts:
    """List what is mounted, and every acl, whoever made them."""
    client = cluster.active(root)
    engines = _data(ask(client.url, "mounts", client.sys.list_mounted_secrets_engines))
    acls = _data(ask(client.url, "acls", client.sys.list_acl_policies)).get("keys") or []
    return Mounts(engines=_types(engines), methods=_types(_methods(client)), acls=frozenset(acls))


def _types(listed: Mapping[str, Any]) -> Mapping[str, str]:
    return {path.rstrip("/"): each["type"] for path, each in listed.items()}


def enable_audit(cluster: Cluster, root: Secret, devices: tuple[AuditDevice, ...]) -> None:
    """Make the audit devices that are not there yet. OpenBao takes none by API: its configuration has them."""
    if cluster.address.flavour != "vault" or not devices:
        return
    client = cluster.active(root)
    present = _data(ask(client.url, "audit devices", client.sys.list_enabled_audit_devices))
    for device in devices:
        if f"{device.path}/" in present:
            continue
        ask(
            client.url,
            f"audit device {device.path}",
            partial(
                client.sys.enable_audit_device,
                device_type=device.kind,
                path=device.path,
                options=dict(device.options),
            ),
        )


def apply(cluster: Cluster, root: Secret, account: Account) -> None:
    """Make the mount, the acl and the account as the request says; again, nothing is different after it.

    The mount holds this one account: any other that is found in it goes.
    """
    client = cluster.active(root)
    _mount(client, account)
    ask(
        client.url,
        f"acl {account.acl_name}",
        lambda: client.sys.create_or_update_acl_policy(account.acl_name, account.acl),
    )
    users = f"/v1/auth/{account.mount}/users"
    ask(
        client.url,
        f"account {account.name}",
        lambda: client.adapter.post(
            f"{users}/{account.name}",
            json={
                "password": account.password.reveal(),
                "token_policies": [account.acl_name],
                "token_bound_cidrs": list(account.cidrs),
                "token_ttl": account.token_ttl,
                "token_max_ttl": account.token_max_ttl,
            },
        ),
    )
    listed = _data(ask(client.url, "accounts", lambda: client.adapter.list(users)))
    for other in listed.get("keys", []):
        if other != account.name:
            gone = f"{users}/{other}"
            ask(client.url, f"account {other}", partial(client.adapter.delete, gone))


def _mount(client: hvac.Client, account: Account) -> None:
    present = _methods(client).get(f"{account.mount}/")
    if present is None:
        ask(
            client.url,
            f"login method {account.mount}",
            lambda: client.sys.enable_auth_method(
                "userpass", path=account.mount, description=DESCRIPTION
            ),
        )
    elif not _is_ours(present):
        raise CustodyError(
            f"auth/{account.mount} is there and is not this program's own login method",
            "set account.mount to a path that nothing else uses",
        )
    # Lock-out would let anybody who knows the account's name keep the program out.
    ask(
        client.url,
        f"lock-out of {account.mount}",
        lambda: client.adapter.post(
            f"/v1/sys/auth/{account.mount}/tune",
            json={"user_lockout_config": {"lockout_disable": True}},
        ),
    )


def _methods(client: hvac.Client) -> Mapping[str, Any]:
    return _data(ask(client.url, "login methods", client.sys.list_auth_methods))


def _is_ours(method: Mapping[str, Any]) -> bool:
    return (method["type"], method["description"]) == ("userpass", DESCRIPTION)


def leave_former(cluster: Cluster, root: Secret, account: Account) -> None:
    """Take the account's former mount away, with every login in it, if it is still there and still ours."""
    if account.former_mount in (None, account.mount):
        return
    client = cluster.active(root)
    former = _methods(client).get(f"{account.former_mount}/")
    if former is not None and _is_ours(former):
        ask(
            client.url,
            f"login method {account.former_mount}",
            lambda: client.sys.disable_auth_method(path=account.former_mount),
        )


def withdraw(cluster: Cluster, root: Secret, account: Account) -> None:
    """Take the account's mount away if it is ours, and its acl."""
    client = cluster.active(root)
    present = _methods(client).get(f"{account.mount}/")
    if present is None or not _is_ours(present):
        return
    gone = f"login method {account.mount}"
    ask(client.url, gone, lambda: client.sys.disable_auth_method(path=account.mount))
    acl = account.acl_name
    ask(client.url, f"acl {acl}", lambda: client.sys.delete_acl_policy(acl))


def answers(cluster: Cluster, account: Account) -> bool:
    """Whether the account can log in with this password, from here."""
    try:
        with logged_in(cluster, account.mount, account.name, account.password):
            return True
    except RefusedError:
        return False


def prove(cluster: Cluster, account: Account) -> None:
    """Log in as the account and look at what it may do.

    Raises:
        CustodyError: if the login is refused or its permissions are not the declared ones.

    """
    reason = difference(cluster, account)
    if reason:
        raise CustodyError(
            f"the account {account.mount}/{account.name} was written, but {reason}",
            "check account.cidrs (this machine's address as the server sees it) and run again",
        )


def difference(cluster: Cluster, account: Account) -> str | None:
    """Say how the account differs from what is declared, None if it doesn't.

    What the account may do is read with its own token, from `sys/internal/ui/resultant-acl`, which the
    policy `default` allows; what `default` itself gives is read with a child token that has nothing else.
    Paths with a `+` are missing there and so are not compared; nor is an acl's text that says more than paths and
    capabilities.
    """
    try:
        with logged_in(cluster, account.mount, account.name, account.password) as client:
            lookup = _data(ask(client.url, "lookup", client.auth.token.lookup_self))
            wanted, namespace = client.adapter.namespace, lookup.get("namespace_path", "")
            if wanted and namespace.strip("/") != wanted:
                return f"it lives in namespace {namespace!r} instead of {wanted!r}"
            policies = sorted(set(lookup["policies"]) - {"default"})
            if policies != [account.acl_name]:
                return f"it carries the acls {policies} instead of [{account.acl_name!r}]"
            declared = parsed(account.acl)
            if declared is None:
                return None
            effective, inherited = _resultant(client), _inherited(cluster, client)
    except RefusedError as error:
        return f"its login or a look at its permissions is refused: {error.reason}"
    return _compared(declared, effective, inherited)


def _compared(declared: RuleTable, effective: RuleTable, inherited: RuleTable) -> str | None:
    for path in sorted(declared.keys() | (effective.keys() - inherited.keys())):
        wanted = declared.get(path, frozenset())
        found = effective.get(path, frozenset())
        if "deny" not in wanted | found:
            # Vault unites what several acls say of one path.
            wanted |= inherited.get(path, frozenset())
        if wanted != found:
            return f"on {path!r} it has {sorted(found)} instead of {sorted(wanted)}"
    return None


def _resultant(client: hvac.Client) -> RuleTable:
    path = "/v1/sys/internal/ui/resultant-acl"
    found = _data(ask(client.url, "permissions", lambda: client.adapter.get(path)))
    exact = {path: rule["capabilities"] for path, rule in found["exact_paths"].items()}
    globbed = {f"{path}*": rule["capabilities"] for path, rule in found["glob_paths"].items()}
    # The server writes whole paths, where an acl in a namespace has them from there.
    namespace = f"{client.adapter.namespace}/" if client.adapter.namespace else ""
    return {
        path.removeprefix(namespace): frozenset(words) for path, words in (exact | globbed).items()
    }


def _inherited(cluster: Cluster, client: hvac.Client) -> RuleTable:
    made = ask(
        client.url,
        "a token with only the acl default",
        lambda: client.auth.token.create(policies=["default"], ttl="1m", renewable=False),
    )
    # A child: it goes when the account's own token is revoked.
    return _resultant(cluster.client(client.url, Secret(made["auth"]["client_token"])))


@contextmanager
def logged_in(cluster: Cluster, mount: str, name: str, password: Secret) -> Iterator[hvac.Client]:
    """Log in by userpass; give a client of the active node with that token, which is revoked at the end.

    Raises:
        RefusedError: if the server refuses the login.

    """
    client = cluster.active()
    answer = ask(
        client.url,
        f"the login of {mount}/{name}",
        lambda: client.adapter.post(
            f"/v1/auth/{mount}/login/{name}",
            json={"password": password.reveal()},
        ),
    )
    client.token = answer["auth"]["client_token"]
    try:
        yield client
    finally:
        ask(client.url, "revoke-self", client.auth.token.revoke_self)


def _data(answer: Any) -> Mapping[str, Any]:
    """Vault gives some lists both bare and under `data`."""
    data: Mapping[str, Any] = answer["data"]
    return data
