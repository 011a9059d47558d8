"""`python -m ops drift`: values in Vault that differ from what the program wrote.

pulumi-vault compares what is declared with its own state, never with the value in Vault, so neither `pulumi up`
nor `pulumi refresh` sees a value that somebody changed. This reads each secret as the limited account.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ops.stack import ACCOUNT, SECRET, Resource, StackError, resources, the_only

_AT_ONCE = 8


@dataclass(frozen=True)
class Drift:
    """One secret that is not as written. Values are never shown."""

    path: str
    how: Literal["changed", "gone"]


def drift(stack: str | None, *, repair: bool) -> list[Drift]:
    """Compare every KV secret of the stack with Vault; with `repair` write back what differs.

    Raises:
        StackError: if the state can't be read or Vault refuses.

    """
    found = resources(stack, show_secrets=True)
    secrets = [each for each in found if each.type == SECRET]
    if not secrets:
        return []
    provider = the_only(found, ACCOUNT)
    client = _login(provider)
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            drifts = list(pool.map(lambda secret: _compare(client, secret, repair=repair), secrets))
    except (VaultError, requests.RequestException) as error:
        raise StackError(f"Vault refuses: {type(error).__name__}; check `make status`") from None
    finally:
        # What can't be revoked now ends by itself within the account's twenty minutes.
        with suppress(VaultError, requests.RequestException):
            client.auth.token.revoke_self()
    return sorted((each for each in drifts if each), key=lambda each: each.path)


def _compare(client: hvac.Client, secret: Resource, *, repair: bool) -> Drift | None:
    mount, name = secret.inputs["mount"], secret.inputs["name"]
    declared = json.loads(secret.inputs["dataJson"])
    how: Literal["changed", "gone"]
    try:
        answer = client.secrets.kv.v2.read_secret_version(
            name, mount_point=mount, raise_on_deleted_version=True
        )
    except InvalidPath:
        how = "gone"
    else:
        if answer["data"]["data"] == declared:
            return None
        how = "changed"
    if repair:
        client.secrets.kv.v2.create_or_update_secret(name, declared, mount_point=mount)
    return Drift(f"{mount}/{name}", how)


def _login(provider: Resource) -> hvac.Client:
    inputs = provider.inputs
    login = inputs["authLoginUserpass"]
    # Provider configuration is stored as text.
    login = json.loads(login) if isinstance(login, str) else login
    password = login.get("password")
    if password is None:
        with open(login["passwordFile"]) as file:  # noqa: PTH123
            password = file.read().strip()
    session = requests.Session()
    # Before hvac sees it: it takes over the session's own `verify`.
    session.verify = inputs["caCertFile"]
    session.trust_env = False
    # A node that has just come back answers 500 until it knows who leads.
    patient = Retry(total=6, backoff_factor=0.5, status_forcelist=[500, 502, 503],
                    allowed_methods=None, raise_on_status=False)  # fmt: skip
    session.mount("https://", HTTPAdapter(pool_maxsize=_AT_ONCE, max_retries=patient))
    # An empty token, not None: for None hvac takes VAULT_TOKEN or ~/.vault-token.
    client = hvac.Client(url=inputs["address"], token="", session=session)
    try:
        client.auth.userpass.login(login["username"], password, mount_point=login["mount"])
    except (Forbidden, InvalidRequest):
        raise StackError(
            "Vault refuses the account's login; run `pulumi up`, which repairs it"
        ) from None
    except (VaultError, requests.RequestException) as error:
        raise StackError(
            f"Vault at {inputs['address']} does not answer ({type(error).__name__}); see `make status`"
        ) from None
    return client
