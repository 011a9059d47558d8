"""What the state of a stack says: read through Pulumi's own command line, kept in memory."""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OWNED = "pulumi-python:dynamic/strongroom:Owned"
ADOPTED = "strongroom:adopted:AdoptedVault"
EXTERNAL = "pulumi-python:dynamic/strongroom:External"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "vault:kv/secretV2:SecretV2"  # noqa: S105  a type's name
STACK = "pulumi:pulumi:Stack"


class StackError(Exception):
    """The state can't be read or lacks what a command needs; one line with what to do."""


@dataclass(frozen=True, repr=False)
class Resource:
    """One resource of the state. Not printable: inputs may hold decrypted secrets."""

    type: str
    urn: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    parent: str = ""
    """The URN of the component around it."""
    dependencies: frozenset[str] = frozenset()
    """The URNs of what it waits for."""
    provider: str = ""
    """`<urn>::<id>`"""


def resources(
    stack: str | None,
    *,
    show_secrets: bool = False,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[Resource]:
    """Give the stack's resources; secrets are decrypted only if asked, and only into memory.

    `folder` and `environment` are what Pulumi runs in; by default this process's own.

    Raises:
        StackError: if Pulumi refuses (no such stack, wrong passphrase, backend unreachable).

    """
    command = ["stack", "export"]
    command += ["--stack", stack] if stack else []
    command += ["--show-secrets"] if show_secrets else []
    deployment = json.loads(_pulumi(command, folder, environment)).get("deployment") or {}
    return [
        Resource(
            type=each["type"],
            urn=each["urn"],
            inputs=_plain(each.get("inputs") or {}),
            outputs=_plain(each.get("outputs") or {}),
            parent=each.get("parent") or "",
            dependencies=frozenset(each.get("dependencies") or ()),
            provider=each.get("provider") or "",
        )
        for each in deployment.get("resources") or []
    ]


def _pulumi(
    command: Sequence[str],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    try:
        finished = subprocess.run(
            ["pulumi", *command, "--non-interactive"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise StackError(
            "pulumi is not on PATH; in the embedded environment: . .sandbox/env"
        ) from None
    if finished.returncode != 0:
        reason = (finished.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StackError(f"the stack can't be read: {reason.removeprefix('error: ')}")
    return finished.stdout


def config_secret(stack: str, key: str) -> str:
    """Give a secret of the stack's configuration, decrypted, into memory only.

    Raises:
        StackError: if Pulumi refuses.

    """
    return _pulumi(["config", "get", "--stack", stack, key]).removesuffix("\n")


def the_only(found: Sequence[Resource], kind: str) -> Resource:
    """Give the one resource of this type.

    Raises:
        StackError: if there is none or several.

    """
    matching = [each for each in found if each.type == kind]
    if len(matching) != 1:
        if any(each.type == EXTERNAL for each in found):
            raise StackError(
                "this stack's Vault is somebody else's, and so are its keys and servers; ask its owner"
            )
        raise StackError(
            f"the stack has {len(matching)} resources of type {kind} instead of one; run `pulumi up` first"
        )
    return matching[0]


def the_account(found: Sequence[Resource]) -> Resource:
    """Give what says where Vault is and as whom this program works in it, whoever runs it.

    Raises:
        StackError: if there is no such resource.

    """
    outside = [each for each in found if each.type == EXTERNAL]
    return outside[0] if len(outside) == 1 else the_only(found, OWNED)


def selected(root: Path) -> str:
    """Give the name of the project's selected stack, from the file in which Pulumi remembers it.

    `pulumi stack --show-name` would take longer than what asks for it.
    Source: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/workspace.go

    Raises:
        StackError: if none is selected.

    """
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    project = str(root.absolute() / "Pulumi.yaml")
    digest = hashlib.sha1(project.encode(), usedforsecurity=False).hexdigest()
    # The project's name stands in front; one directory has one project.
    for path in sorted((home / "workspaces").glob(f"*-{digest}-workspace.json")):
        try:
            stack = str(json.loads(path.read_text())["stack"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return stack.rsplit("/", 1)[-1]
    raise StackError("no stack is selected; add --stack, or run `pulumi stack select`")


_SIGNATURE = "4dabf18193072939515e22adb298388d"


def _plain(value: Any) -> Any:
    """Unwrap decrypted secrets; leave encrypted ones as None."""
    if isinstance(value, dict):
        if _SIGNATURE in value:
            plaintext = value.get("plaintext")
            return None if plaintext is None else json.loads(plaintext)
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
