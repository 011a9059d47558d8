"""The KV v2 mount and what the program writes into it: each service's own path, no other."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault


@dataclass(frozen=True, kw_only=True)
class KeyValueArgs:
    """Every secret that the program writes: path below the mount -> its fields, secret."""

    mount: str
    secrets: Mapping[str, pulumi.Input[Mapping[str, str]]]
    keep: bool = True


class KeyValue(pulumi.ComponentResource):
    """One KV v2 mount and its secrets.

    pulumi-vault does not notice when a value is changed in Vault; `python -m ops drift` does and repairs it.
    """

    def __init__(
        self, name: str, args: KeyValueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:engines:KeyValue", name, {}, opts)
        mount = vault.Mount(
            f"{name}-mount",
            path=args.mount,
            type="kv",
            options={"version": "2"},
            description="Secrets of services, each at namespace/name",
            # Deleting the mount deletes every secret in it.
            opts=pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        for path, fields in sorted(args.secrets.items()):
            data: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(fields))
            vault.kv.SecretV2(
                f"secret-{path}",
                mount=mount.path,
                name=path,
                data_json=data,
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
