"""Declares what `declared.json` beside it lists of Vault, by type token, with Pulumi's SDK alone."""

import json
from pathlib import Path
from typing import Any

import pulumi

MARK = "secret!"
"""A text that begins with it is what follows, and secret; test_policies.py writes it."""


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(MARK):
        return pulumi.Output.secret(value.removeprefix(MARK))
    if isinstance(value, dict):
        return {key: _opened(each) for key, each in value.items()}
    return [_opened(each) for each in value] if isinstance(value, list) else value


# Nothing is contacted in a preview of what isn't there.
provider = pulumi.ProviderResource(
    "vault", "vault", {"address": "https://127.0.0.1:1", "skipTlsVerify": "false"}
)

for each in json.loads((Path(__file__).parent / "declared.json").read_text()):
    pulumi.CustomResource(
        each["type"],
        each["name"],
        _opened(each["inputs"]),
        pulumi.ResourceOptions(provider=provider, protect=each["protect"]),
    )
