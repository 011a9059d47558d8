"""Stack `cluster`: servers and applications as pods of the Kubernetes cluster that KUBECONFIG names."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.model import HOME
from catalog.reader import examine
from reach.certificate import authority
from reach.errors import ReachError
from reach.forward import reached as forwarded
from reach.pods import CONTAINER, Pods, asked, core
from reach.token import service_account_token
from reach.tunnel import pod_health, tunnel
from sandbox import leftovers
from sandbox.kinds.contract import HEALTH, Kind, Running, Say, Settings
from sandbox.layout import write_private
from sandbox.ports import Ports
from sandbox.problem import ProblemError
from sandbox.toolchain import Toolchain
from sandbox.unsealing import Unsealing

if TYPE_CHECKING:
    from catalog.model import Catalog
    from settings.helm import Helm
    from settings.model import Settings as AllSettings

_CHART = "VAULT_HELM_CHART"


class ClusterPods(Kind):
    """Servers of kind `helm` on any throw-away cluster: kind, k3d, a laboratory's."""

    # One port of this machine: the tunnel's.
    servers = 1
    releases = True

    @property
    def emulator_addresses(self) -> tuple[str, ...]:
        """Where we reach the emulator, and this machine's address as the cluster's nodes see it."""
        return ("127.0.0.1", self._host)

    @cached_property
    def _host(self) -> str:
        nodes = asked("the list of nodes", lambda: core(None).list_node()).items
        for node in nodes:
            for address in node.status.addresses:
                if address.type == "InternalIP":
                    return _source_towards(address.address)
        raise ProblemError(
            "the cluster has no node with an address", "see `kubectl get nodes -o wide`"
        )

    def prepare(self, say: Say) -> None:
        """See that there is a cluster, and make the teams' namespaces, which elsewhere are there before us."""
        if not os.environ.get("KUBECONFIG"):
            # Never whatever cluster somebody worked with last.
            raise ProblemError(
                "KUBECONFIG is not set",
                "set it to the kubeconfig of a throw-away cluster (`kind get kubeconfig > file`)",
            )
        try:
            name = _current_context()
            say(f"Kubernetes context {name}: this machine is {self._host} to its pods")
            catalog = examine(self.layout.checkout / "catalog", "catalog").catalog
            leftovers.make_namespaces({service.namespace for service in catalog.living_in(HOME)})
        except ReachError as error:
            raise ProblemError(*str(error).split("; ", maxsplit=1)) from None

    def settings(self, ports: Ports, tools: Toolchain) -> Settings:  # noqa: ARG002
        """Name the cluster, the chart's directory where somebody named one, and where pods reach the emulator."""
        server: dict[str, Any] = {"context": _current_context(), "localPort": ports.vault[0]}
        if (chart := named_chart()) is not None:
            server["chart"] = {"directory": str(chart)}
        return {
            "strongroom:server": server,
            "strongroom:cloud": {"podEndpoint": f"http://{self._host}:{ports.emulator}"},
        }

    def variables(self, ports: Ports) -> Mapping[str, str]:
        """Lead to the tunnel's port, which is open while `python -m ops tunnel -- ...` runs."""
        address, ca = f"https://127.0.0.1:{ports.vault[0]}", str(self._ca_file)
        kubeconfig, chart = os.environ.get("KUBECONFIG"), named_chart()
        return {
            "VAULT_ADDR": address, "VAULT_CACERT": ca, "BAO_ADDR": address, "BAO_CACERT": ca,
            **({"KUBECONFIG": os.path.abspath(kubeconfig)} if kubeconfig else {}),  # noqa: PTH100  may be a list
            # The next `make up` in that shell takes the same.
            **({_CHART: str(chart)} if chart else {}),
        }  # fmt: skip

    def revive(self, environment: Mapping[str, str], say: Say) -> None:
        """Unseal those that need keys for it: pods themselves Kubernetes brings back."""
        Unsealing(self.layout, environment).once(say)

    @contextmanager
    def reached(self, environment: Mapping[str, str], say: Say) -> Iterator[Mapping[str, str]]:  # noqa: ARG002
        """Keep the tunnel open meanwhile."""
        pods = self._pods
        with tunnel(pods, lambda: authority(pods), self._local_port) as address:
            yield {**environment, "STRONGROOM_TUNNEL": address.removeprefix("https://")}
        if ca := authority(pods):
            write_private(self._ca_file, ca)

    def empty(self, environment: Mapping[str, str]) -> None:  # noqa: ARG002
        """Delete the pods with their volumes; the StatefulSet makes both anew."""
        leftovers.empty(self._pods, self._server.release)

    def start_applications(self) -> None:
        """Start the example applications."""
        from sandbox import applications  # noqa: PLC0415

        settings, catalog = self._read
        applications.start(catalog, self._server, settings.access)

    def finish(self, say: Say) -> None:
        """Show what the example applications were given: names, lengths and digests."""
        from sandbox import applications  # noqa: PLC0415

        applications.finish(self._read[1], say)

    def remove(self, say: Say) -> None:
        """Delete what was made in the cluster: by the stack, and the teams' namespaces by us."""
        leftovers.remove(self.layout.stack_file, say)

    def token(self, service: str, audience: str) -> str:
        """Have the API server issue one."""
        namespace, slash, name = service.partition("/")
        if not (namespace and slash and name) or "/" in name:
            raise ValueError(
                f"{service!r} is no service; write namespace/name, such as shop/orders"
            )
        return service_account_token(None, namespace, name, audience)

    def running(self) -> list[Running]:
        """Give a line for each pod."""
        pods = self._pods
        ca = authority(pods)
        with forwarded(pods) as direct:
            return [
                self._running(name, url, ca)
                for name, url in zip(pods.names, direct.members, strict=True)
            ]

    def _running(self, name: str, url: str, ca: str | None) -> Running:
        status = pod_health(url, ca) if ca else None
        return Running(
            what=f"pod {name}",
            where=f"{self._pods.namespace}/{name}",
            process=name,
            state=HEALTH.get(status, f"answers {status}") if status else "does not answer",
            well=status in (200, 429),
        )

    def logs(self, lines: int) -> Iterator[tuple[str, list[str]]]:
        """Give each server container's log."""
        pods, client = self._pods, core(None)
        for name in pods.names:
            try:
                text = asked(
                    f"the log of {name}",
                    partial(
                        client.read_namespaced_pod_log,
                        name,
                        pods.namespace,
                        container=CONTAINER,
                        tail_lines=lines,
                    ),
                )
            except ReachError as error:
                text = str(error)
            yield f"pod {pods.namespace}/{name}", text.splitlines()

    def hints(self) -> tuple[tuple[str, str], ...]:
        """Name what needs the tunnel."""
        return (
            ("python -m ops tunnel -- bao status", "any command that talks to Vault, through the tunnel"),
        )  # fmt: skip

    # -- what the filled-in settings say

    @property
    def _ca_file(self) -> Path:
        return self.layout.tls / "ca.pem"

    @property
    def _local_port(self) -> int:
        return int(json.loads(self.layout.ports_file.read_text())["vault"][0])

    @property
    def _pods(self) -> Pods:
        return self._server.reach

    @property
    def _server(self) -> "Helm":
        from settings.helm import Helm  # noqa: PLC0415

        server = self._read[0].server
        if not isinstance(server, Helm):
            raise ProblemError(
                f"stack {self.layout.stack}'s servers are not of kind helm",
                f"write kind: helm in Pulumi.{self.layout.stack}.yaml",
            )
        return server

    # Once: the file is written before anybody asks, and not again.
    @cached_property
    def _read(self) -> "tuple[AllSettings, Catalog]":
        from settings.load import examine  # noqa: PLC0415
        from settings.stack import of_file  # noqa: PLC0415

        stack = of_file(self.layout.checkout, self.layout.stack, self.layout.settings)
        return examine(stack, self.layout.checkout)


def _current_context() -> str:
    from kubernetes import config  # noqa: PLC0415

    try:
        return str(config.list_kube_config_contexts()[1]["name"])
    except (config.ConfigException, OSError):
        raise ReachError(
            "no Kubernetes cluster is known; set KUBECONFIG to a throw-away one's (`kind create cluster`)"
        ) from None


def named_chart() -> Path | None:
    """Give the unpacked chart that VAULT_HELM_CHART names; None without: it comes from its repository then.

    Raises:
        ProblemError: if there is no chart.

    """
    named = os.environ.get(_CHART)
    if not named:
        return None
    directory = Path(named).absolute()
    if not (directory / "Chart.yaml").exists():
        raise ProblemError(
            f"{_CHART} names {named!r}, where there is no Chart.yaml",
            "set it to an unpacked vault-helm chart, or unset it: the chart then comes from its repository",
        )
    return directory


def _source_towards(address: str) -> str:
    """Give the address that this machine sends from towards `address`; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        return str(probe.getsockname()[0])
