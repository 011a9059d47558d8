"""`python -m ops drift`: values in Vault that differ from what the program wrote.

pulumi-vault compares what is declared with its own state, never with the value in Vault, so neither `pulumi up`
nor `pulumi refresh` sees a value that somebody changed. This reads each secret as the limited account.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import urllib3

from components.server.address import external_cluster, reached_cluster
from custody.secret import Secret
from custody.vault import Cluster
from ops.stack import (
    EXTERNAL,
    SECRET,
    Resource,
    StackError,
    the_account,
)

_AT_ONCE = 8
_ELECTION_SECONDS = 30.0


@dataclass(frozen=True)
class Drift:
    """One secret that is not as written. Values are never shown."""

    path: str
    how: Literal["changed", "gone"]


def compared(found: Sequence[Resource], *, repair: bool) -> list[Drift]:
    """Compare every KV secret of a state, read secrets and all, with Vault; with `repair` write back what differs.

    Raises:
        StackError: if Vault refuses.
        CustodyError: if Vault does not answer.

    """
    secrets = [each for each in found if each.type == SECRET]
    if not secrets:
        return []
    account = the_account(found)
    with _reached(account) as cluster:
        vault = _Vault(cluster, account)
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                drifts = list(
                    pool.map(lambda secret: _compare(vault, secret, repair=repair), secrets)
                )
        finally:
            vault.leave()
    return sorted((each for each in drifts if each), key=lambda each: each.path)


def said(found: Sequence[Resource], drifts: Sequence[Drift], *, repaired: bool) -> list[str]:
    """Give the lines for what was compared: one for each secret that differs, or one for all."""
    if drifts:
        written = ", written back" if repaired else ""
        return [f"{each.path}: {each.how}{written}" for each in drifts]
    count = sum(each.type == SECRET for each in found)
    return [f"every secret is as the program wrote it ({count:,})"]


@contextmanager
def _reached(account: Resource) -> Iterator[Cluster]:
    if account.type == EXTERNAL:
        yield external_cluster(account.outputs)
        return
    with reached_cluster(account.outputs) as address:
        cluster = Cluster(address)
        # A node that has just come back does not know yet who leads.
        cluster.wait_until_active(_ELECTION_SECONDS)
        yield cluster


def _compare(vault: "_Vault", secret: Resource, *, repair: bool) -> Drift | None:
    mount, name = secret.inputs["mount"], secret.inputs["name"]
    declared = json.loads(secret.inputs["dataJson"])
    path = f"{mount}/data/{name}"
    answer = vault.ask("GET", path)
    how: Literal["changed", "gone"] = "gone" if answer is None else "changed"
    if answer is not None and answer["data"]["data"] == declared:
        return None
    if repair:
        vault.ask("POST", path, {"data": declared})
    return Drift(f"{mount}/{name}", how)


class _Vault:
    """Vault's API as the limited account. Not hvac, whose requests take four times the time of these."""

    def __init__(self, cluster: Cluster, account: Resource) -> None:
        self._address = str(cluster.active().url)
        url = urlsplit(self._address)
        # A node that has just come back answers 500 until it knows who leads.
        patient = urllib3.Retry(
            total=6, backoff_factor=0.5, status_forcelist=[500, 502, 503],
            allowed_methods=None, raise_on_status=False, redirect=False,
        )  # fmt: skip
        self._pool = urllib3.HTTPSConnectionPool(
            url.hostname or "", url.port, ssl_context=cluster.context,
            maxsize=_AT_ONCE, retries=patient, timeout=30,
        )  # fmt: skip
        self._headers = {"X-Vault-Request": "true"}
        if account.outputs.get("namespace"):
            self._headers["X-Vault-Namespace"] = account.outputs["namespace"]
        path = f"auth/{account.outputs['mount']}/login/{account.outputs['name']}"
        password = _password(account)
        status, body = self._send("POST", path, {"password": password.reveal()})
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise StackError(f"Vault at {self._address} answers {status}; see `make status`")
        if status != HTTPStatus.OK:
            raise StackError("Vault refuses the account's login; run `pulumi up`, which repairs it")
        self._headers["X-Vault-Token"] = body["auth"]["client_token"]

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Send one request; None if there is nothing, or no more."""
        status, answer = self._send(method, path, body)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise StackError(f"Vault refuses {method} {path} ({status}); check `make status`")
        return answer

    def leave(self) -> None:
        """Revoke the login. What can't be revoked now ends by itself within the account's twenty minutes."""
        with suppress(StackError):
            self._send("POST", "auth/token/revoke-self")

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            answer = self._pool.urlopen(
                method,
                f"/v1/{quote(path)}",
                body=None if body is None else json.dumps(body),
                headers=self._headers,
            )
        except urllib3.exceptions.HTTPError as error:
            wrong = type(getattr(error, "reason", None) or error).__name__
            raise StackError(
                f"Vault at {self._address} does not answer ({wrong}); see `make status`"
            ) from None
        document: dict[str, Any] = {}
        # What stands between may answer with a page of its own.
        with suppress(ValueError):
            document = json.loads(answer.data or b"{}")
        return answer.status, document


def _password(account: Resource) -> Secret:
    file = account.outputs.get("password_file")
    if file is None:
        return Secret(account.outputs["password"])
    try:
        return Secret(Path(file).read_text())
    except OSError as error:
        raise StackError(
            f"account.passwordFile {file} can't be read ({error.strerror}); write the password there"
        ) from None
