"""What this project's evaluator says beside what a real server says."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from acl.evaluator import Evaluator
from acl.reader import read
from acl.stanza import Acl
from acl.syntax import AclError
from tests.real.acl_server import PLAIN, SLOTS, AclServer

_METHODS = {"update": "POST", "read": "GET", "list": "LIST", "delete": "DELETE"}


def evaluator(server: AclServer, texts: Sequence[str]) -> Evaluator | None:
    """Write the acls, read them here; None where one is refused here that the server takes.

    That is allowed, and said of a few notations. The other way round is not.
    """
    acls: list[Acl] = []
    for slot, text, taken in zip(SLOTS, texts, server.write(texts), strict=False):
        try:
            found = read(text, name=slot, flavour=server.flavour)
        except AclError:
            if taken:
                return None
            continue
        if not taken:
            raise AssertionError(f"the server refuses what is read here: {text!r}")
        acls.append(found)
    return Evaluator(acls, flavour=server.flavour, identity=server.identity)


def capability_mismatches(
    server: AclServer, texts: Sequence[str], paths: Sequence[str]
) -> list[str] | None:
    """Compare with `sys/capabilities`; None where there is nothing to compare."""
    ours = evaluator(server, texts)
    if ours is None:
        return None
    theirs = server.capabilities(paths)
    return [
        f"{path!r}: {sorted(ours.capabilities(path))} here, {sorted(theirs[path])} there; {texts!r}"
        for path in paths
        if ours.capabilities(path) != theirs[path]
    ]


def request_mismatch(
    server: AclServer, texts: Sequence[str], request: tuple[str, dict[str, Any], int | None]
) -> str | None:
    """Compare with a real request in a mount that takes any parameters."""
    ours = evaluator(server, texts)
    assert ours is not None, texts
    capability, parameters, wrapped = request
    path = PLAIN if capability == "list" else f"{PLAIN}/there"
    headers = {} if wrapped is None else {"X-Vault-Wrap-TTL": f"{wrapped}s"}
    query = f"?{urlencode(parameters)}" if capability == "read" and parameters else ""
    body = parameters if capability == "update" else None
    theirs = server.permits(_METHODS[capability], path + query, body, **headers)
    decision = ours.decide(capability, path, parameters=parameters, wrap_seconds=wrapped)
    if decision.allowed == theirs:
        return None
    return f"{request!r}: {decision.reason}; {theirs} there; {texts!r}"
