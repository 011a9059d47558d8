"""Rules that Vault writes down what was done, and keeps what was written."""

from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Resource, Stack
from policies.framework.rule import Findings, stack_rule
from policies.rules.vault.acls import OWNED
from policies.rules.vault.mounts import AUDIT, MOUNT, is_key_value

NODES = "pulumi-python:dynamic/strongroom:Nodes"
RELEASE = "kubernetes:helm.sh/v3:Release"
VERSIONS = "vault:kv/secretBackendV2:SecretBackendV2"


@stack_rule(
    OWNED,
    AUDIT,
    NODES,
    RELEASE,
    reason="without it nobody learns what was done; where there is one alone, a full disk stops Vault",
    cure="ask for two: audit_files of the bootstrap (HashiCorp Vault), audit stanzas of the configuration (OpenBao)",
    severity=Severity.CRITICAL,
)
def vault_is_audited(
    stack: Stack,
    *,
    devices: Annotated[int, Field(ge=1, description="How many audit devices there must be.")] = 2,
) -> Findings:
    """An owned cluster has its audit devices."""
    for owned in stack.of(OWNED):
        with owned.if_known():
            found = len(owned.at("audit_files", ())) + len(stack.of(AUDIT))
            if owned.at("flavour") == "openbao":
                # It takes none by API: each server's configuration has them.
                said = [text for each in stack.of(NODES, RELEASE) for text in _configurations(each)]
                found = min((text.count('audit "') for text in said), default=0)
            if found < devices:
                yield owned.finding(f"{found} audit devices are asked for, and {devices} must be")


def _configurations(server: Resource) -> list[str]:
    if server.type == NODES:
        return [str(text) for text in server.at("configurations", ())]
    ha = "values.server.ha"
    raft = server.at(f"{ha}.raft.enabled", default=False)
    text = server.at(f"{ha}.raft.config" if raft else f"{ha}.config")
    # A release of something else has none.
    return [str(text)] if text else []


@stack_rule(
    MOUNT,
    VERSIONS,
    reason="the server's own default changes with it, and without a limit of versions old secrets stay for ever",
    cure="declare vault.kv.SecretBackendV2 for the mount with max_versions",
    severity=Severity.MEDIUM,
)
def key_value_versions_are_limited(
    stack: Stack,
    *,
    fewest: Annotated[int, Field(ge=1, description="Fewest versions that must be kept.")] = 2,
    most: Annotated[int, Field(ge=1, description="Most versions that may be kept.")] = 100,
) -> Findings:
    """Every key-value mount of version 2 says how many versions it keeps."""
    limits: dict[str, int] = {}
    for each in stack.of(VERSIONS):
        limits[str(each.at("mount")).strip("/")] = int(each.at("maxVersions", 0))
    for mount in stack.of(MOUNT):
        with mount.if_known():
            if not is_key_value(mount) or str(mount.at("options.version", "1")) == "1":
                continue
            kept = limits.get(str(mount.at("path")).strip("/"), 0)
            if not kept:
                yield mount.finding("max_versions is not set")
            elif not fewest <= kept <= most:
                yield mount.finding(f"max_versions is {kept}, and {fewest} to {most} are allowed")
