"""The rule that no input holds a password, token or key in plain text, whatever resource it is of."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pulumi_policy import Severity

from policies.framework.properties import Path, UnknownError, show
from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule

_KUBERNETES_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105  a type
_REFERENCES = "kubernetes:"
"""Where `secret` and `secretKey` are names of an object and of an entry in it."""

# camelCase, snake_case and ENVIRONMENT_STYLE alike; at the end, so that `passwordFile` and `tokenTtl` are none.
_NAMED = re.compile(
    r"(?:^|[_.-]|(?<=[a-z0-9]))(?:"
    r"[Pp]ass(?:word|phrase|wd)|PASS(?:WORD|PHRASE|WD)|[Bb]indpass"
    r"|[Tt]oken|TOKEN|[Jj]wt|JWT"
    r"|(?:[Pp]rivate|[Ss]ecret|[Aa]pi|[Uu]nseal|[Rr]ecovery|[Ss]ecret_?[Aa]ccess)_?[Kk]ey"
    r"|(?:PRIVATE|SECRET|API|UNSEAL|RECOVERY|SECRET_ACCESS)_?KEY"
    r"|[Cc]redentials?|CREDENTIALS?|dataJson"
    r")(?:Wo)?$"
)
_SECRET = re.compile(r"(?:^|[_.-]|(?<=[a-z0-9]))(?:[Ss]ecret|SECRET)(?:Wo)?$")
_LOOKS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b(?:hv[sbr]\.[\w-]{20,}|s\.[A-Za-z0-9]{24})(?![\w-])"), "a Vault token"),
    (re.compile(r"[a-z][a-z0-9+]*://[^/@:\s{]+:[^/@\s{]+@"), "an address with a password"),
)


@rule(
    "*",
    reason="what is not marked secret lies in the state, in logs and in previews for everybody to read",
    cure="wrap it in pulumi.Output.secret, or read it by config.require_secret; then exchange it, it has been seen",
    severity=Severity.CRITICAL,
)
def secret_input_is_marked(resource: Resource) -> Findings:
    """No password, token or private key stands in an input that is not marked secret."""
    of_kubernetes = resource.type.startswith(_REFERENCES)
    marked = set(resource.inputs.secrets())
    for path, name, value in _texts(resource.inputs, (), ""):
        if marked and any(path[:end] in marked for end in range(1, len(path) + 1)):
            continue
        if isinstance(value, UnknownError):
            if _named(name, of_kubernetes=of_kubernetes):
                resource.unknown.append(value)
            continue
        if value and (_named(name, of_kubernetes=of_kubernetes) or _in_secret(resource, path)):
            yield f"{show(path)} is in plain text"
            continue
        for pattern, what in _LOOKS:
            if pattern.search(value):
                yield f"{show(path)} is {what} in plain text"


@lru_cache(4096)
def _named(name: str, *, of_kubernetes: bool) -> bool:
    if of_kubernetes:
        return name != "secretKey" and bool(_NAMED.search(name))
    return bool(_NAMED.search(name) or _SECRET.search(name))


def _in_secret(resource: Resource, path: Path) -> bool:
    return resource.type == _KUBERNETES_SECRET and path[0] in ("data", "stringData")


def _texts(value: Any, path: Path, name: str) -> Iterator[tuple[Path, str, str | UnknownError]]:
    """Give every text with its path and the name that it goes by; what is not known as an error."""
    if isinstance(value, str):
        yield path, name, value
        for _, inner, text in _texts(_document(value), (), name):
            yield path, inner, text
    elif isinstance(value, Mapping):
        called = _called(value)
        for key in value:
            yield from _texts_at(value, key, path, called if key == "value" and called else key)
    elif isinstance(value, Sequence):
        for index in range(len(value)):
            yield from _texts_at(value, index, path, name)


def _texts_at(
    around: Any, key: str | int, path: Path, name: str
) -> Iterator[tuple[Path, str, str | UnknownError]]:
    try:
        value = around[key]
    except UnknownError as error:
        yield (*path, key), name, error
    else:
        yield from _texts(value, (*path, key), name)


def _document(text: str) -> Any:
    """Read what is an object or a list as text: a provider's inputs, and documents."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _called(value: Mapping[str, Any]) -> str | None:
    """Of `{name: DB_PASSWORD, value: ...}`, as containers have them, the name."""
    try:
        name = value.get("name") or value.get("envName")
    except UnknownError:
        return None
    return name if isinstance(name, str) else None
