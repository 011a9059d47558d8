"""`python -m ops drift`: values in Vault that differ from what the program wrote.

pulumi-vault compares what is declared with its own state, never with the value in Vault, so neither `pulumi up`
nor `pulumi refresh` sees a value that somebody changed. This reads each secret as the limited account.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import hvac

from components.server.address import reached_cluster
from custody.account import logged_in
from custody.errors import RefusedError
from custody.request import ClusterAddress
from custody.secret import Secret
from custody.vault import Cluster, ask
from ops.stack import (
    OWNED,
    SECRET,
    Resource,
    StackError,
    resources,
    the_only,
)

_AT_ONCE = 8
_ELECTION_SECONDS = 30.0


@dataclass(frozen=True)
class Drift:
    """One secret that is not as written. Values are never shown."""

    path: str
    how: Literal["changed", "gone"]


def drift(stack: str | None, *, repair: bool) -> list[Drift]:
    """Compare every KV secret of the stack with Vault; with `repair` write back what differs.

    Raises:
        StackError: if the state can't be read or Vault refuses.
        CustodyError: if Vault does not answer.

    """
    found = resources(stack, show_secrets=True)
    secrets = [each for each in found if each.type == SECRET]
    if not secrets:
        return []
    owned = the_only(found, OWNED)
    mount, name, password = owned.outputs["mount"], owned.outputs["name"], _password(owned)
    try:
        with (
            reached_cluster(owned.outputs) as address,
            logged_in(_active(address), mount, name, password) as client,
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            drifts = list(pool.map(lambda secret: _compare(client, secret, repair=repair), secrets))
    except RefusedError as error:
        raise StackError(f"{error.cause}; run `pulumi up`, which puts the account right") from None
    return sorted((each for each in drifts if each), key=lambda each: each.path)


def _active(address: ClusterAddress) -> Cluster:
    cluster = Cluster(address)
    # A node that has just come back does not know yet who leads.
    cluster.wait_until_active(_ELECTION_SECONDS)
    return cluster


def _compare(client: hvac.Client, secret: Resource, *, repair: bool) -> Drift | None:
    mount, name = secret.inputs["mount"], secret.inputs["name"]
    declared = json.loads(secret.inputs["dataJson"])
    kv = client.secrets.kv.v2
    how: Literal["changed", "gone"]
    try:
        answer = ask(
            client.url,
            f"the reading of {mount}/{name}",
            lambda: kv.read_secret_version(name, mount_point=mount, raise_on_deleted_version=True),
        )
    except RefusedError as error:
        if error.reason != "InvalidPath":
            raise
        how = "gone"
    else:
        if answer["data"]["data"] == declared:
            return None
        how = "changed"
    if repair:
        ask(
            client.url,
            f"the writing of {mount}/{name}",
            lambda: kv.create_or_update_secret(name, declared, mount_point=mount),
        )
    return Drift(f"{mount}/{name}", how)


def _password(owned: Resource) -> Secret:
    file = owned.outputs.get("password_file")
    if file is None:
        return Secret(owned.outputs["password"])
    try:
        return Secret(Path(file).read_text())
    except OSError as error:
        raise StackError(
            f"account.passwordFile {file} can't be read ({error.strerror}); write the password there"
        ) from None
