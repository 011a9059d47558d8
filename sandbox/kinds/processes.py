"""Stack `local`: three servers as processes of this machine, tokens signed as a cluster would."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from components.server import nodes
from sandbox import certificates, issuer
from sandbox.kinds.contract import HEALTH, Kind, Running, Say, Settings
from sandbox.layout import last_lines
from sandbox.ports import Ports
from sandbox.toolchain import Toolchain
from sandbox.unsealing import Unsealing, seal_of


class Processes(Kind):
    """Servers of kind `processes`; what stands for a cluster is its tokens' issuer."""

    servers = 3

    def prepare(self, say: Say) -> None:  # noqa: ARG002
        """Make the servers' certificate and the issuer's keys."""
        if certificates.ensure(self.layout):
            for node in self._nodes():
                number = nodes.pid(node)
                if number is not None:
                    os.kill(number, signal.SIGHUP)
        issuer.ensure(self.layout)

    def settings(self, ports: Ports, tools: Toolchain) -> Settings:
        """Name the server's program, its places and ports, and whose tokens are taken."""
        tls = self.layout.tls
        return {
            "strongroom:server": {
                "command": [str(tools.bao)],
                "directory": str(self.layout.servers),
                "ports": list(ports.vault),
                "generateRootPorts": list(ports.generate_root),
                "tls": {
                    "certificate": str(tls / "server.pem"),
                    "key": str(tls / "server-key.pem"),
                    "ca": str(tls / "ca.pem"),
                },
            },
            "strongroom:access": {
                "issuer": issuer.ISSUER,
                "keys": [str(self.layout.cluster / "public.pem")],
            },
        }

    def variables(self, ports: Ports) -> Mapping[str, str]:
        """Lead to the first node."""
        address, ca = f"https://127.0.0.1:{ports.vault[0]}", str(self.layout.tls / "ca.pem")
        return {"VAULT_ADDR": address, "VAULT_CACERT": ca, "BAO_ADDR": address, "BAO_CACERT": ca}

    def revive(self, environment: Mapping[str, str], say: Say) -> None:
        """Start nodes that died since; they join, and unseal by themselves or with custody's keys."""
        known = self._nodes()
        for node in known:
            if nodes.start(node, environment):
                say(f"restarted node {node.api}")
        try:
            nodes.wait_until_answers(known)
        except nodes.NodeError as error:
            if not self._have_another_token(known):
                raise
            # Theirs may have ended: the engine starts them with what the program says now.
            say(str(error))
            return
        unsealing = Unsealing(self.layout, environment)
        if unsealing.is_the_bootstrap_s:
            return
        unsealing.once(say)
        nodes.wait_until_settled(known, say)

    def _have_another_token(self, known: list[nodes.Node]) -> bool:
        """Whether the file with the token for a transit seal holds another than they were started with."""
        file = seal_of(self.layout).get("tokenFile")
        if file is None:
            return False
        token = (self.layout.checkout / file).read_text().strip()
        return any(token not in nodes.environment_of(node).values() for node in known)

    @contextmanager
    def reached(self, environment: Mapping[str, str], say: Say) -> Iterator[Mapping[str, str]]:
        """Unseal nodes that need keys for it whenever the engine starts them anew."""
        with Unsealing(self.layout, environment).watching(say):
            yield environment

    def empty(self, environment: Mapping[str, str]) -> None:
        """Delete every node's data."""
        nodes.empty(self.layout.servers, environment)

    def remove(self, say: Say) -> None:  # noqa: ARG002
        """Stop and delete every node."""
        for node in self._nodes():
            nodes.remove(node)

    def token(self, service: str, audience: str) -> str:
        """Sign one."""
        return issuer.token(self.layout, service, audience=audience)

    def running(self) -> list[Running]:
        """Give a line for each node."""
        return [self._running(index, node) for index, node in enumerate(self._nodes())]

    def _running(self, index: int, node: nodes.Node) -> Running:
        number = nodes.pid(node)
        health = nodes.health(node) if number else None
        stopped = f"stopped: `{self.layout.make('up')}` restarts it"
        return Running(
            what=f"Vault node {index}",
            where=f"https://{node.api}",
            process=str(number or "-"),
            state=HEALTH.get(health, f"answers {health}") if health else stopped,
            well=health in (200, 429),
        )

    def logs(self, lines: int) -> Iterator[tuple[str, list[str]]]:
        """Give each node's own log."""
        for node in self._nodes():
            file = Path(node.directory) / "server.log"
            yield str(file), last_lines(file, lines)

    def _nodes(self) -> list[nodes.Node]:
        return nodes.recorded(self.layout.servers)
