"""The KV v2 mount and what the program writes into it: each service's own path, no other."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from catalog.model import AdoptedMount

_DESCRIPTION = "Secrets of services, each at namespace/name"
_VERSIONS = 10
"""How many a secret keeps: the server's own default, said, so that no other server's takes its place."""


@dataclass(frozen=True, kw_only=True)
class KeyValueArgs:
    """Every secret that the program writes: path below the mount -> its fields, secret."""

    mount: str
    secrets: Mapping[str, pulumi.Input[Mapping[str, str]]]
    adopted: AdoptedMount | None = None
    """The mount was there before the program, and is imported as it is."""
    keep: bool = True


class KeyValue(pulumi.ComponentResource):
    """One KV v2 mount and its secrets.

    pulumi-vault does not notice when a value is changed in Vault; `python -m ops drift` does and repairs it.
    """

    def __init__(
        self, name: str, args: KeyValueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:engines:KeyValue", name, {}, opts)
        adopted = args.adopted
        mount = vault.Mount(
            f"{name}-mount",
            path=args.mount,
            type="kv",
            options={"version": "2"},
            description=adopted.description if adopted else _DESCRIPTION,
            # Deleting the mount deletes every secret in it.
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.keep, import_=args.mount if adopted else None
            ),
        )
        first: vault.kv.SecretV2 | None = None
        for path, fields in sorted(args.secrets.items()):
            data: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(fields))
            secret = vault.kv.SecretV2(
                f"secret-{path}",
                mount=mount.path,
                name=path,
                data_json=data,
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            first = first or secret
        if adopted is None:
            vault.kv.SecretBackendV2(
                f"{name}-versions",
                mount=mount.path,
                max_versions=_VERSIONS,
                # A new mount refuses writes while it upgrades itself. The plugin waits for that where it writes
                # secrets, and not here (kvSecretBackendV2CreateUpdate in terraform-provider-vault).
                opts=pulumi.ResourceOptions(parent=self, depends_on=first),
            )
        self.register_outputs({})
