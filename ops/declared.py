"""What the program declares in a stack, found with Pulumi's mock engine: nothing is made and nobody is asked.

Everything that clouds and servers would answer is unknown, as in the preview before the first `up`. The program
changes how its process logs and collects garbage, so it has a process of its own: `python -m ops.declared STACK`.
"""

import json
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ops.stack import STACK, Resource, StackError

_KEPT = ("type", "urn", "parent", "provider")


def declared(root: Path, stack: str) -> list[Resource]:
    """Give what the checkout in `root` declares in the stack that its `Pulumi.<stack>.yaml` describes.

    Raises:
        StackError: if the program ends before it has declared everything.

    """
    # PULUMI_* and STRONGROOM_* speak of the stack that the caller works in.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PULUMI_", "STRONGROOM_"))
    }
    finished = subprocess.run(
        [sys.executable, "-m", "ops.declared", stack],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        reason = finished.stderr.strip() or "no reason given"
        raise StackError(f"{stack} can't be declared: {reason}")
    return [
        Resource(
            inputs={},
            outputs={},
            dependencies=frozenset(each["dependencies"]),
            **{key: each[key] for key in _KEPT},
        )
        for each in json.loads(finished.stdout)
    ]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What only a machine knows: that files are there is checked, what is in them isn't."""

    folder: Path

    def filled_in(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Add it where the stack's file leaves it out, as `make up` does for its embedded environments."""
        password = self._file("password", "never-used-by-anybody")
        filled = {
            **config,
            "strongroom:custody": {
                "directory": str(self.folder / "custody"),
                **config.get("strongroom:custody", {}),
            },
            "strongroom:account": {
                "passwordFile": password,
                **config.get("strongroom:account", {}),
            },
        }
        if config["strongroom:server"].get("kind") == "processes":
            filled |= self._of_processes(config)
        if config["strongroom:cloud"].get("tlsOnly") is False:
            # It is off at an emulator only.
            endpoint = {"endpoint": "http://127.0.0.1:5000"}
            filled["strongroom:cloud"] = {**endpoint, **config["strongroom:cloud"]}
        return filled

    def _of_processes(self, config: Mapping[str, Any]) -> dict[str, Any]:
        tls = {name: self._file(f"{name}.pem") for name in ("certificate", "key", "ca")}
        server = {
            "command": ["bao"],
            "directory": str(self.folder / "servers"),
            "ports": [8200, 8202, 8204],
            "generateRootPorts": [8300, 8301, 8302],
            "tls": tls,
        }
        access = {"issuer": "https://issuer", "keys": [self._file("public.pem")]}
        return {
            "strongroom:server": {**server, **config["strongroom:server"]},
            "strongroom:access": {**access, **config["strongroom:access"]},
        }

    def _file(self, name: str, text: str = "never read") -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


def _registered(stack: str, config: Mapping[str, str], secrets: Mapping[str, str]) -> list[Any]:
    """Run the program in this folder; give its registrations."""
    import pulumi  # noqa: PLC0415  the process that asks for a run needs no SDK
    from pulumi.runtime import mocks  # noqa: PLC0415
    from pulumi.runtime.proto import resource_pb2  # noqa: PLC0415

    found: list[Any] = []

    class NoCalls(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> NoReturn:
            raise AssertionError(f"unexpected read: {args.typ} {args.name}")

        def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
            raise AssertionError(f"unexpected call of a provider: {args.token}")

    class Monitor(mocks.MockMonitor):
        """Keeps of each registration what stands in a state; the SDK's own keeps neither parent nor dependencies."""

        def RegisterResource(  # noqa: N802  gRPC's name
            self, request: resource_pb2.RegisterResourceRequest
        ) -> resource_pb2.RegisterResourceResponse:
            urn = self.make_urn(request.parent, request.type, request.name)
            # As a real engine answers: the inputs, and of a preview no id.
            answer = resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
            if request.type != STACK:
                each = {
                    "type": request.type,
                    "urn": urn,
                    "parent": request.parent,
                    "provider": request.provider,
                    "dependencies": sorted(request.dependencies),
                }
                found.append(each)
            return answer

        def make_urn(self, parent: str, type_: str, name: str) -> str:
            """Give the engine's URN, with every component around; the SDK's has the nearest only."""
            around = parent.split("::")[2] if parent else STACK
            chain = type_ if around == STACK else f"{around}${type_}"
            return f"urn:pulumi:{stack}::strongroom::{chain}::{name}"

    pulumi.runtime.set_all_config({**config, **secrets}, list(secrets))
    pulumi.runtime.set_mocks(
        NoCalls(), project="strongroom", stack=stack, preview=True, monitor=Monitor(NoCalls())
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        runpy.run_path("__main__.py", run_name="__main__")

    run()  # returns once every registration has landed
    return found


def main(stack: str) -> None:
    """Print what the stack declares, as JSON."""
    import yaml  # noqa: PLC0415

    from catalog.reader import read  # noqa: PLC0415
    from settings.helm import Helm  # noqa: PLC0415
    from settings.load import TUNNEL  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        file = Path(f"Pulumi.{stack}.yaml")
        if not file.exists():
            raise SystemExit(f"there is no {file}")
        config = Machine(folder=Path(folder)).filled_in(yaml.safe_load(file.read_text())["config"])
        catalog = str(config.get("strongroom:catalog", "catalog"))
        secrets = {f"strongroom:{key}": "never used" for key in read(Path(catalog)).config_keys()}
        default = Helm.model_fields["local_port"].default
        port = config["strongroom:server"].get("localPort", default)
        os.environ[TUNNEL] = f"127.0.0.1:{port}"
        texts = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in config.items()
        }
        found = _registered(stack, texts, secrets)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
