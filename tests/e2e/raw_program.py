"""Declares what `declared.json` beside it lists, by type token, with Pulumi's SDK alone."""

import json
from pathlib import Path
from typing import Any

import pulumi

LATE = "late"
"""A resource of this name, declared first: Vault's address is unknown until it is there, as before the first `up`."""
MARK = "secret!"
"""A text that begins with it is what follows, and secret; test_policies.py writes it."""


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(MARK):
        return pulumi.Output.secret(value.removeprefix(MARK))
    if isinstance(value, dict):
        return {key: _opened(each) for key, each in value.items()}
    return [_opened(each) for each in value] if isinstance(value, list) else value


_NOWHERE = "https://127.0.0.1:1"
_KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "nowhere", "cluster": {"server": _NOWHERE}}],
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
    "users": [{"name": "nobody", "user": {}}],
    "current-context": "nowhere",
}
# Nothing is contacted in a preview of what isn't there.
PROVIDERS: dict[str, dict[str, Any]] = {
    "aws": {
        "region": "eu-central-1",
        "skipCredentialsValidation": "true",
        "skipMetadataApiCheck": "true",
        "skipRequestingAccountId": "true",
    },
    "kubernetes": {"kubeconfig": json.dumps(_KUBECONFIG)},
    "vault": {"address": _NOWHERE, "skipTlsVerify": "false"},
}

listed = json.loads((Path(__file__).parent / "declared.json").read_text())
providers: dict[str, pulumi.ProviderResource] = {}
late: pulumi.Output[str] | None = None
for each in listed:
    package = each["type"].partition(":")[0]
    if package not in providers:
        settings = {**PROVIDERS[package]}
        if package == "vault" and late is not None:
            settings["address"] = late
        providers[package] = pulumi.ProviderResource(package, package, settings)
    made = pulumi.CustomResource(
        each["type"],
        each["name"],
        _opened(each["inputs"]),
        pulumi.ResourceOptions(provider=providers[package], protect=each["protect"]),
    )
    if each["name"] == LATE:
        # Known when it is made, and so is what comes from it.
        late = made.id.apply(lambda _: _NOWHERE)
