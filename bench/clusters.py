"""The whole program under Pulumi's mocks: N services over ten clusters, beside as many resources declared bare.

python -m bench.clusters [N ...]     1000 2500 5000 10000 by default

Printed, never asserted. No engine and no server: what is measured is this program's own process, from its start to the
last resource declared, with the catalogue read and checked whole from one YAML file a service. Bare is a program that
makes the same kinds of resources in a loop, under the same mocks. Each runs in a process of its own, one at a time; CPU
seconds are what to compare, where a machine does other work as well.
"""

import argparse
import json
import os
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml
from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).parents[1]
CLUSTERS = tuple(f"edge-{index}" for index in range(10))
_NAMESPACE_SIZE = 50
_SECRETS = {"strongroom:mailPassword": "x", "strongroom:accountPassword": "correct-horse-battery"}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One process."""

    seconds: float
    """From its first line to its last resource."""
    cpu: float
    read: float
    """Of these until settings and catalogue were checked; 0 for the bare program."""
    megabytes: float
    """Peak resident size."""
    resources: int


def write(folder: Path, count: int) -> dict[str, str]:
    """Write the catalogue of N services, a tenth in each cluster; give the stack's configuration."""
    catalog = folder / "catalog"
    catalog.mkdir()
    for index in range(count):
        document = {
            "service": f"s{index}",
            "namespace": f"team-{index // _NAMESPACE_SIZE}",
            "clusters": [CLUSTERS[_cluster(index)]],
            "secrets": {"mail": {"password": {"config": "mailPassword"}}},
        }
        (catalog / f"s{index}.yaml").write_text(yaml.safe_dump(document))
    ca = folder / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
    vault = "https://vault.example.com:8200"
    settings: dict[str, Any] = {
        "catalog": str(catalog),
        "account": {"cidrs": ["127.0.0.1/32"]},
        "server": {"kind": "external", "flavour": "openbao", "address": vault, "ca": str(ca)},
        "access": {"method": "kubernetes", "host": "https://home.example.com:6443", "ca": str(ca)},
        "clusters": {
            name: {
                "context": name,
                "address": vault,
                "access": {
                    "method": "kubernetes",
                    "host": f"https://{name}.example.com:6443",
                    "ca": str(ca),
                },
            }
            for name in CLUSTERS
        },
    }
    return {
        f"strongroom:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
    }


def _cluster(index: int) -> int:
    """A namespace is in one cluster."""
    return index // _NAMESPACE_SIZE % len(CLUSTERS)


def _mocked(config: Mapping[str, str]) -> list[str]:
    """Put mocks in place of the engine; give the list to which each resource's type is added."""
    import pulumi  # noqa: PLC0415  its import is measured

    declared: list[str] = []
    made = {"token": "dG9rZW4=", "ca.crt": "Y2E="}

    class Answers(pulumi.runtime.Mocks):
        def new_resource(
            self, args: pulumi.runtime.MockResourceArgs
        ) -> tuple[str | None, dict[str, Any]]:
            # A Secret that a cluster's controllers fill in.
            filled = {"data": made} if args.typ == "kubernetes:core/v1:Secret" else {}
            return f"{args.name}-id", {**args.inputs, **filled}

        def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
            raise AssertionError(f"unmocked provider call: {args.token}")

    class Monitor(pulumi.runtime.mocks.MockMonitor):
        def RegisterResource(self, request: Any) -> Any:  # noqa: N802  gRPC's name
            declared.append(request.type)
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    pulumi.runtime.set_all_config({**config, **_SECRETS}, list(_SECRETS))
    pulumi.runtime.set_mocks(
        Answers(), project="strongroom", stack="bench", monitor=Monitor(Answers())
    )
    return declared


def _whole() -> None:
    runpy.run_path(str(CHECKOUT / "__main__.py"), run_name="__main__")


def _bare(count: int) -> None:
    """Declare what a service is here: component, ServiceAccount, acl, role and secret; and a CA for each namespace."""
    import pulumi  # noqa: PLC0415  as above
    import pulumi_kubernetes as kubernetes  # noqa: PLC0415
    import pulumi_vault as vault  # noqa: PLC0415

    at_vault = pulumi.ResourceOptions(
        provider=vault.Provider("account", address="https://vault.example.com:8200")
    )
    providers = [kubernetes.Provider(name, context=name) for name in CLUSTERS]
    mounts = [
        vault.AuthBackend(name, type="kubernetes", path=f"kubernetes-{name}", opts=at_vault)
        for name in CLUSTERS
    ]
    value = pulumi.Config("strongroom").require_secret("mailPassword")
    for index in range(count):
        name, namespace = f"s{index}", f"team-{index // _NAMESPACE_SIZE}"
        which = _cluster(index)
        component = pulumi.ComponentResource(
            "bare:index:Workload",
            name,
            {},
            pulumi.ResourceOptions(providers={"kubernetes": providers[which]}),
        )
        kubernetes.core.v1.ServiceAccount(
            name,
            metadata={"name": name, "namespace": namespace},
            opts=pulumi.ResourceOptions(parent=component),
        )
        if index % _NAMESPACE_SIZE == 0:
            kubernetes.core.v1.ConfigMap(
                namespace,
                metadata={"name": "vault-tls", "namespace": namespace},
                data={"ca.crt": "MA=="},
                opts=pulumi.ResourceOptions(provider=providers[which]),
            )
        path = f"{namespace}/{name}"
        acl = vault.Policy(
            name,
            name=f"svc-{namespace}.{name}",
            policy=f'path "kv/data/{path}/*" {{\n  capabilities = ["read"]\n}}\n',
            opts=at_vault,
        )
        vault.kubernetes.AuthBackendRole(
            name,
            backend=mounts[which].path,
            role_name=f"svc-{namespace}.{name}",
            bound_service_account_names=[name],
            bound_service_account_namespaces=[namespace],
            token_policies=[acl.name],
            opts=at_vault,
        )
        vault.kv.SecretV2(
            name,
            mount="kv",
            name=f"{path}/mail",
            data_json=pulumi.Output.json_dumps({"password": value}),
            opts=at_vault,
        )


def _one(which: str, count: int, config: Mapping[str, str], started: float) -> Measured:
    """Run one program in this process."""
    declared = _mocked(config)
    import pulumi  # noqa: PLC0415  as above

    read: list[float] = []
    if which == "ours":
        from settings import load  # noqa: PLC0415  as above

        ordinary = load.load

        def noting() -> Any:
            found = ordinary()
            read.append(time.perf_counter() - started)
            return found

        load.load = noting

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        _whole() if which == "ours" else _bare(count)

    program()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Measured(
        seconds=time.perf_counter() - started,
        cpu=usage.ru_utime + usage.ru_stime,
        read=read[0] if read else 0.0,
        # Linux says kilobytes.
        megabytes=usage.ru_maxrss / 1e3,
        resources=len(declared),
    )


def measured(which: str, count: int) -> Measured:
    """Run one program in a process of its own, with a catalogue of its own.

    Raises:
        RuntimeError: with its last lines, if it fails.

    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write(folder, count)
        (folder / "config.json").write_text(json.dumps(config))
        done = subprocess.run(
            [sys.executable, "-m", "bench.clusters", "--one", which, str(count), str(folder)],
            cwd=CHECKOUT, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-4000:])
        return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure each N and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[1000, 2500, 5000, 10000])
    rows = [
        (count, measured("ours", count), measured("bare", count))
        for count in parser.parse_args().counts
    ]
    table = Table(title=f"services over {len(CLUSTERS)} clusters, under mocks; CPU seconds")
    for column in (
        "services", "resources", "CPU s", "wall s", "ms a service", "MB", "KB a service",
        "bare: resources", "CPU s", "wall s", "MB", "ratio",
    ):  # fmt: skip
        table.add_column(column, justify="right")
    for count, ours, bare in rows:
        table.add_row(
            str(count), str(ours.resources), f"{ours.cpu:.1f}", f"{ours.seconds:.1f}",
            f"{1000 * ours.cpu / count:.1f}", f"{ours.megabytes:.0f}",
            f"{1000 * ours.megabytes / count:.0f}", str(bare.resources), f"{bare.cpu:.1f}",
            f"{bare.seconds:.1f}", f"{bare.megabytes:.0f}", f"{ours.cpu / bare.cpu:.2f}",
        )  # fmt: skip
    console = Console(highlight=False, width=130)
    console.print(table)
    console.print(
        f"read and checked: {', '.join(f'{each.read:.1f} s' for _, each, _ in rows)} of the wall's"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        began = time.perf_counter()
        of = json.loads((Path(sys.argv[4]) / "config.json").read_text())
        print(json.dumps(asdict(_one(sys.argv[2], int(sys.argv[3]), of, began))))
    else:
        main()
