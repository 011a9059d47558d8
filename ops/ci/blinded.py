"""Makes text of a resource's values, without those that are nobody's business.

The engine hides what it knows to be secret. What a program forgot to mark is hidden here, by where it stands and by
what it looks like: a comment on a pull request is read by more people than the state.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

SECRET = "[secret]"  # noqa: S105  what stands in its place
UNKNOWN = "(not known yet)"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_S_OWN = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a kind of value
# Source: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_NAMES = re.compile(
    r"(passw(or)?d|passphrase|secret([_-]?(access)?[_-]?key)?|(private|access|signing|encryption)[_-]?key"
    r"|token|jwt|credentials?)([_-]?wo)?$",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(hv[sbr]|[sb])\.[A-Za-z0-9_-]{20,}"  # tokens of Vault and OpenBao
    r"|\b(AKIA|ASIA|LTAI)[A-Za-z0-9]{12,}"  # ids of access keys
    r"|\bey[A-Za-z0-9_-]{8,}\.ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # JWT
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|(?<=://)[^/\s:@\"']+:[^/\s@\"']+(?=@)",  # a URL's user and password
    re.DOTALL,
)


def is_secret(value: object) -> bool:
    """Whether the engine says so, of this or of anything in it."""
    if isinstance(value, Mapping):
        return value.get(_SIGNATURE) == _SECRET_S_OWN or any(map(is_secret, value.values()))
    return isinstance(value, list) and any(map(is_secret, value))


def shown(value: Any, name: str = "") -> str:
    """Give a value as lines of text; JSON in a string is laid out, so that its differences are lines.

    `name` is the property's: a string called `password` is not shown.
    """
    clear = _clear(value, name)
    if isinstance(clear, str):
        return _laid_out(clear)
    return json.dumps(clear, indent=2, ensure_ascii=False)


def text(words: str) -> str:
    """Take out of a sentence what looks like a secret."""
    return _LOOKS.sub(SECRET, words)


def _laid_out(words: str) -> str:
    if words[:1] in ("{", "["):
        try:
            document = json.loads(words)
        except (ValueError, RecursionError):
            return words
        return json.dumps(_clear(document, ""), indent=2, ensure_ascii=False)
    return words


def _clear(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return _clear_object(value)
    if isinstance(value, list):
        return [_clear(each, name) for each in value]
    if isinstance(value, str):
        if value in _UNKNOWNS:
            return UNKNOWN
        return SECRET if value and _NAMES.search(name) else text(value)
    return value


def _clear_object(value: Mapping[str, Any]) -> Any:
    if _SIGNATURE in value:
        return SECRET if value[_SIGNATURE] == _SECRET_S_OWN else "(a file)"
    # A variable of a container's, or a parameter's: its name stands beside it.
    named = value.get("name") or value.get("key")
    beside = named if isinstance(named, str) and _NAMES.search(named) else ""
    return {
        key: _clear(each, beside if key == "value" and beside else str(key))
        for key, each in value.items()
    }
