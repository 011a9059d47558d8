"""Reads an acl's text as far as it can be compared with what the server says: paths and capabilities."""

import json
import re
from collections.abc import Mapping

RuleTable = Mapping[str, frozenset[str]]
"""Path, as it stands in the acl -> capabilities."""

_STRING = r'"(?:[^"\\]|\\.)*"'
_BLOCK = re.compile(
    rf"\s*path\s+({_STRING})\s*\{{\s*capabilities\s*=\s*\[((?:\s*{_STRING}\s*,?)*)\s*\]\s*\}}\s*"
)


def parsed(text: str) -> RuleTable | None:
    """Give the rules of HCL that has nothing but `path "x" { capabilities = [...] }`; None for any other text.

    A path with `+` is left out: the server does not list those.
    """
    rules: dict[str, frozenset[str]] = {}
    position = 0
    while position < len(text):
        block = _BLOCK.match(text, position)
        if block is None:
            return None
        path = json.loads(block.group(1))
        words = frozenset(json.loads(word) for word in re.findall(_STRING, block.group(2)))
        if "+" not in path.split("/"):
            rules[path] = frozenset({"deny"}) if "deny" in words else words
        position = block.end()
    return rules
