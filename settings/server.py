"""What runs the Vault servers."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from mistakes.shapes import FilePath, Label, Text, Whole, shape
from settings.base import Finding, Model, miscounted
from settings.database import Database, database_findings
from settings.external import External
from settings.helm import Helm

__all__ = ["External", "Helm", "Processes", "Server", "Tls"]

Port = Annotated[Whole, Field(ge=1024, le=65534, examples=[8200])]


class Tls(Model):
    """PEM files of every listener."""

    certificate: Annotated[
        FilePath,
        Field(description="The servers' certificate, a PEM file.", examples=["server.pem"]),
    ]
    key: Annotated[
        FilePath, Field(description="Its private key, a PEM file.", examples=["server-key.pem"])
    ]
    ca: Annotated[
        FilePath, Field(description="The CA that signed it, a PEM file.", examples=["ca.pem"])
    ]


class Processes(Model):
    """Vault servers as processes of this machine."""

    kind: Annotated[Literal["processes"], Field(description="What runs the servers.")]
    flavour: Annotated[Literal["openbao", "vault"], Field(description="Whose server it is.")]
    namespace: Annotated[
        Label, Field(description="Namespace of the ServiceAccount that the seal's role trusts.")
    ] = "vault"
    service_account: Annotated[
        Label, Field(description="The ServiceAccount that the seal's role trusts.")
    ] = "vault"
    command: Annotated[
        tuple[Annotated[Text, shape(r"^[^\x00-\x1f]+$", "text without line breaks", "bao")], ...],
        Field(min_length=1, description="What to run; `server -config=...` is appended."),
    ]
    directory: Annotated[
        FilePath,
        Field(
            description="Data, configurations, logs and pids of every node.", examples=["servers"]
        ),
    ]
    ports: Annotated[
        tuple[Port, ...],
        Field(
            description="One API port a node; the number after each is its cluster port.",
            examples=[[8200, 8202, 8204]],
        ),
    ]
    generate_root_ports: Annotated[
        tuple[Port, ...],
        Field(
            description="One port a node for a loopback-only listener that serves generate-root.",
            examples=[[8300, 8301, 8302]],
        ),
    ]
    tls: Annotated[Tls, Field(description="PEM files of every listener.")]
    database: Annotated[
        Database | None, Field(description="Holds what the servers store; raft if not given.")
    ] = None

    def findings(self) -> Iterator[Finding]:
        """Every node has its ports, and no port is taken twice."""
        yield from database_findings(self.database, self.flavour, policy=False)
        if why := miscounted(len(self.ports)):
            yield ("ports",), f"has {len(self.ports)} entries: {why}", "write 1, 3 or 5 ports"
        if len(self.generate_root_ports) != len(self.ports):
            yield (
                ("generateRootPorts",),
                f"has {len(self.generate_root_ports)} entries and ports {len(self.ports)}",
                "write one a node",
            )
        taken: dict[int, str] = {}
        for index, port in enumerate(self.ports):
            for number, what in ((port, "an API port"), (port + 1, "a cluster port")):
                if number in taken:
                    wrong = f"needs {number} as {what}, which is {taken[number]} already"
                    yield ("ports", index), wrong, "write another"
                taken.setdefault(number, what)
        for index, port in enumerate(self.generate_root_ports):
            if port in taken:
                yield ("generateRootPorts", index), f"is {taken[port]} already", "write another"
            taken.setdefault(port, "a generate-root port")


Server = Annotated[Processes | Helm | External, Field(discriminator="kind")]
"""What runs the Vault servers, by `kind`."""
