"""Stands in for the `pulumi` command: prints the state that a test wrote. The commands ask nothing else of it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from custody.request import AlicloudCustody, Request
from ops.stack import OWNED, SECRET

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class StoredStack:
    """A stack whose state says that the request's cluster is owned."""

    folder: Path
    request: Request

    def write(self, secrets: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Write the state: the owned cluster and KV secrets, `kv/shop/orders` -> fields."""
        account = self.request.account
        password = self.folder / "password"
        password.write_text(account.password.reveal())
        owned = {
            **asdict(self.request.cluster),
            "custody": _custody_of(self.request),
            "mount": account.mount,
            "name": account.name,
            "password_file": str(password),
            "directory": str(self.request.directory),
        }
        resources: list[dict[str, Any]] = [{"type": OWNED, "urn": "owned", "outputs": owned}]
        for path, fields in (secrets or {}).items():
            mount, _, name = path.partition("/")
            inputs = {"mount": mount, "name": name, "dataJson": json.dumps(fields)}
            resources.append({"type": SECRET, "urn": path, "inputs": inputs})
        state = self.folder / "state.json"
        state.write_text(json.dumps({"deployment": {"resources": resources}}))
        command = self.folder / "pulumi"
        command.write_text(f'#!/bin/sh\n[ "$1 $2" = "stack export" ] && exec cat {state}\n')
        command.chmod(0o700)

    def ops(
        self, *arguments: str, environment: Mapping[str, str] | None = None, seconds: int = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m ops ...` against it."""
        return subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            cwd=_ROOT,
            env={
                **os.environ,
                **(environment or {}),
                "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def _custody_of(request: Request) -> dict[str, Any]:
    # A state says nothing of what the proof of the seal took.
    place = asdict(replace(request.custody, seal_credentials={}))
    is_alicloud = isinstance(request.custody, AlicloudCustody)
    return {**place, **({"kind": "alicloud"} if is_alicloud else {})}
