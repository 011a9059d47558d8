"""Vault's HTTP API as the official plugin uses it: logs in at the first call, works with a child token."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values

_CONNECTIONS = 32
_TIMEOUT_SECONDS = 60.0
_GOODBYE_SECONDS = 1.0
# A new KV v2 mount begins as v1 and upgrades itself: until then it refuses writes. As often and as long as the
# official plugin (hashicorp/terraform-provider-vault#1887).
_UPGRADING = "from non-versioned to versioned data"
_UPGRADE_TRIES, _UPGRADE_SECONDS = 60, 0.5
# What the official plugin's client retries: a node that has just lost its leader answers 500 or 503.
_TRY_AGAIN = (412, 429, 500, 502, 503, 504)

SETTINGS: Mapping[str, Callable[[str], Any]] = {
    "address": str,
    "addAddressToEnv": str,
    "token": str,
    "tokenName": str,
    "authLoginUserpass": json.loads,
    "caCertFile": str,
    "namespace": str,
    "skipChildToken": json.loads,
    "maxLeaseTtlSeconds": json.loads,
    "maxRetries": json.loads,
    "skipTlsVerify": json.loads,
    "tlsServerName": str,
    # Read by nobody: the stand-in never asks the server's version.
    "skipGetVaultVersion": json.loads,
    "vaultVersionOverride": str,
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said."""

    status: int
    body: Mapping[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The answer's own part; empty where there is none."""
        return dict(self.body.get("data") or {})

    @property
    def errors(self) -> str:
        """Vault's own words, in one line."""
        return (
            "; ".join(str(each).strip() for each in self.body.get("errors") or [])
            or "no reason given"
        )


class Vault:
    """One provider's connection. Nothing is contacted before the first call. Safe to use from many threads."""

    def __init__(self, settings: Values) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._pool: Any = None
        self._token = ""
        self._own_tokens: list[str] = []
        """Tokens made here, revoked at the end; the first one's children go with it."""
        if settings.get("skipTlsVerify"):
            raise RefusedError("skipTlsVerify is refused: give caCertFile instead")

    def read(self, path: str, namespace: str | None = None) -> dict[str, Any] | None:
        """GET; None if there is nothing."""
        answer = self.call("GET", path, namespace=namespace)
        if answer.status == HTTPStatus.NOT_FOUND:
            # A deleted version of a KV secret answers 404 with its metadata: it is there.
            return answer.data or None
        return self._accepted(answer, "read", path).data

    def write(
        self, path: str, body: Values, namespace: str | None = None, method: str = "PUT"
    ) -> dict[str, Any]:
        """PUT or POST."""
        for _ in range(_UPGRADE_TRIES):
            answer = self.call(method, path, body=body, namespace=namespace)
            if answer.status != HTTPStatus.BAD_REQUEST or _UPGRADING not in answer.errors:
                break
            time.sleep(_UPGRADE_SECONDS)
        return self._accepted(answer, "write", path).data

    def delete(self, path: str, namespace: str | None = None) -> None:
        """DELETE; that it is gone already is no error."""
        answer = self.call("DELETE", path, namespace=namespace)
        if answer.status != HTTPStatus.NOT_FOUND:
            self._accepted(answer, "delete", path)

    def call(
        self, method: str, path: str, *, body: Values | None = None, namespace: str | None = None
    ) -> Answer:
        """Send one request as this provider's account; any status comes back."""
        if not self._token:
            self._connect()
        return self._send(method, path, body=body, namespace=namespace, token=self._token)

    def close(self) -> None:
        """Revoke the tokens that were made here. In vain if the server is gone: they expire."""
        if self._own_tokens:
            with suppress(Exception):
                self._send(
                    "PUT", "auth/token/revoke-self", body={}, token=self._own_tokens[0],
                    timeout=_GOODBYE_SECONDS, retries=False,
                )  # fmt: skip

    def _connect(self) -> None:
        with self._lock:
            if self._token:
                return
            self._go_to_leader()
            token = self._settings.get("token") or self._login()
            answer = self._send("GET", "auth/token/lookup-self", token=token)
            if answer.status != HTTPStatus.OK:
                raise RefusedError(f"vault refuses the provider's token: {answer.errors}")
            if not self._settings.get("skipChildToken"):
                token = self._child(token)
            self._token = token

    def _go_to_leader(self) -> None:
        """Talk to the node that leads, where the nodes are of this machine.

        OpenBao's standbys answer reads by themselves, for an instant with what has just been changed: who makes a
        mount and writes below it at once is told that there is none.
        """
        if not _is_loopback(urlsplit(self._settings.get("address") or "").hostname or ""):
            return
        leader = str(self._send("GET", "sys/leader").body.get("leader_address") or "")
        if _is_loopback(urlsplit(leader).hostname or ""):
            self._settings = {**self._settings, "address": leader}
            self._pool = None

    def _login(self) -> str:
        login = self._settings.get("authLoginUserpass")
        if not login:
            raise RefusedError(
                "provider vault has neither token nor authLoginUserpass; VAULT_TOKEN and ~/.vault-token "
                "are never used: give one of the two"
            )
        mount, user = login.get("mount") or "userpass", login.get("username") or ""
        password = login.get("password")
        if not password:
            try:
                password = Path(login["passwordFile"]).read_text()
            except KeyError:
                raise RefusedError(
                    "authLoginUserpass has neither password nor passwordFile"
                ) from None
            except OSError as error:
                raise RefusedError(
                    f"passwordFile {login['passwordFile']}: {error.strerror}"
                ) from None
        answer = self._send("PUT", f"auth/{mount}/login/{user}", body={"password": password})
        if answer.status != HTTPStatus.OK:
            raise RefusedError(f"vault refuses the login of {user!r} at {mount!r}: {answer.errors}")
        token = str(answer.body["auth"]["client_token"])
        self._own_tokens.append(token)
        return token

    def _child(self, parent: str) -> str:
        lifetime = f"{self._settings.get('maxLeaseTtlSeconds') or 1200}s"
        answer = self._send(
            "POST",
            "auth/token/create",
            body={
                "display_name": self._settings.get("tokenName") or "terraform",
                "ttl": lifetime,
                "explicit_max_ttl": lifetime,
                "renewable": False,
            },
            token=parent,
        )
        if answer.status != HTTPStatus.OK:
            raise RefusedError(f"vault refuses a child token: {answer.errors}")
        child = str(answer.body["auth"]["client_token"])
        self._own_tokens.append(child)
        return child

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Values | None = None,
        namespace: str | None = None,
        token: str = "",
        timeout: float = _TIMEOUT_SECONDS,
        retries: bool = True,
    ) -> Answer:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  a plugin that isn't used starts faster

        headers = {"X-Vault-Request": "true"}
        if token:
            headers["X-Vault-Token"] = token
        where = "/".join(
            each.strip("/") for each in (self._settings.get("namespace"), namespace) if each
        )
        if where:
            headers["X-Vault-Namespace"] = where
        try:
            response = self._connection().urlopen(
                method,
                "/v1/" + quote(path),
                body=None if body is None else json.dumps(body),
                headers=headers,
                timeout=timeout,
                redirect=False,
                **({} if retries else {"retries": False}),
            )
        except HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise RefusedError(
                f"vault at {self._settings.get('address')} can't be reached: {type(cause).__name__}"
            ) from None
        try:
            document = json.loads(response.data) if response.data else {}
        except ValueError:
            document = {}
        return Answer(status=response.status, body=document)

    def _connection(self) -> Any:
        if self._pool is None:
            self._pool = self._open()
        return self._pool

    def _open(self) -> Any:
        import urllib3  # noqa: PLC0415  a plugin that isn't used starts faster

        address = self._settings.get("address")
        if not address:
            raise RefusedError("provider vault has no address")
        url = urlsplit(address)
        retries = urllib3.Retry(
            total=int(self._settings.get("maxRetries", 2)),
            redirect=0,
            backoff_factor=0.5,
            status_forcelist=_TRY_AGAIN,
            allowed_methods=None,
            raise_on_status=False,
        )
        shared: dict[str, Any] = {"maxsize": _CONNECTIONS, "retries": retries}
        if url.scheme == "http":
            if not _is_loopback(url.hostname or ""):
                raise RefusedError(f"{address} is neither https nor on this machine")
            return urllib3.HTTPConnectionPool(url.hostname or "", url.port, **shared)
        name = self._settings.get("tlsServerName")
        return urllib3.HTTPSConnectionPool(
            url.hostname or "",
            url.port,
            ssl_context=ssl.create_default_context(cafile=self._settings.get("caCertFile") or None),
            server_hostname=name,
            assert_hostname=name,
            **shared,
        )

    def _accepted(self, answer: Answer, doing: str, path: str) -> Answer:
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise RefusedError(
                f"vault refuses to {doing} {path} ({answer.status}): {answer.errors}"
            )
        return answer


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
