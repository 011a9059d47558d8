"""A Pulumi program that declares what `declared.json` beside it lists: type token, name, inputs."""

import importlib
import json
import os
import warnings
from pathlib import Path
from typing import Any

# pulumi_aws.s3 warns of its own old classes when it is imported.
warnings.simplefilter("ignore", DeprecationWarning)

import pulumi  # noqa: E402
import pulumi_aws as aws  # noqa: E402
import pulumi_vault as vault  # noqa: E402
from pulumi import _types  # noqa: E402

WRITE_ONLY = ("passwordWo", "dataJson")


def sdk_class(token: str) -> Any:
    package, module, name = token.split(":")
    module = module.split("/")[0]
    place = f"pulumi_{package}" if module == "index" else f"pulumi_{package}.{module}"
    return getattr(importlib.import_module(place), name)


emulator = os.environ["TEST_AWS"]
providers: dict[str, pulumi.ProviderResource] = {
    "vault": vault.Provider(
        "vault", address=os.environ["TEST_VAULT"], token=pulumi.Output.secret("root")
    ),
    "aws": aws.Provider(
        "aws",
        region="eu-central-1",
        access_key="testing",
        secret_key="testing",
        endpoints=[aws.ProviderEndpointArgs(kms=emulator, s3=emulator, iam=emulator, sts=emulator)],
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_requesting_account_id=True,
        skip_metadata_api_check=True,
        allowed_account_ids=["123456789012"],
    ),
}

for each in json.loads((Path(__file__).parent / "declared.json").read_text()):
    cls = sdk_class(each["token"])
    names = _types.resource_pulumi_to_py_names(cls)
    inputs = {
        names[name]: pulumi.Output.secret(value) if name in WRITE_ONLY else value
        for name, value in each["inputs"].items()
    }
    cls(
        each["name"],
        **inputs,
        opts=pulumi.ResourceOptions(
            provider=providers[each["token"].split(":")[0]],
            delete_before_replace=True,
            import_=each.get("import"),
        ),
    )
