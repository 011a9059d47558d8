"""Who watches the servers."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from mistakes.shapes import FilePath, Label, ServiceId, Text, Whole, shape
from settings.base import Finding, Model


class Statsd(Model):
    """A statsd_exporter that is there: the servers send to it, and nobody needs a token."""

    service: Annotated[
        ServiceId,
        Field(
            description="The exporter's Service, namespace/name. Its configuration is put into that"
            " namespace, as a ConfigMap.",
            examples=["monitoring/statsd-exporter"],
        ),
    ]
    port: Annotated[Whole, Field(ge=1, le=65535, description="Its UDP port.")] = 9125


class Monitoring(Model):
    """Prometheus, by its operator: a ServiceMonitor, alerts and a dashboard. Their kinds must be in the cluster."""

    service_account: Annotated[
        ServiceId | None,
        Field(
            description="Prometheus' ServiceAccount, namespace/name: it may read metrics, and nothing else.",
            examples=["monitoring/prometheus"],
        ),
    ] = None
    statsd: Annotated[
        Statsd | None,
        Field(
            description="The servers send to a statsd_exporter instead; alerts and dashboard are the same."
        ),
    ] = None
    labels: Annotated[
        dict[
            Annotated[
                Text,
                shape(
                    r"^([a-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", "a label's name", "release"
                ),
            ],
            Text,
        ],
        Field(
            description="By which Prometheus finds ServiceMonitors and rules.",
            examples=[{"release": "prometheus"}],
        ),
    ] = {"release": "prometheus"}  # noqa: RUF012  pydantic copies defaults, and the model is frozen
    interval: Annotated[
        Text,
        shape(r"^[1-9][0-9]{0,2}[sm]$", "seconds or minutes", "30s"),
        Field(description="How often metrics are read."),
    ] = "30s"
    token_file: Annotated[
        FilePath,
        Field(
            description="Where Prometheus' pod has its token for Vault: an agent beside it writes it."
        ),
    ] = "/vault/secrets/token"  # noqa: S105  a path
    token_secret: Annotated[
        Label | None,
        Field(
            description="A Secret in the servers' namespace with key token instead, which somebody renews."
        ),
    ] = None

    def findings(self) -> Iterator[Finding]:
        """One of two ways; what belongs to the other means nothing."""
        if self.statsd is None:
            if self.service_account is None:
                wrong = "is missing"
                yield ("serviceAccount",), wrong, "write Prometheus' ServiceAccount, namespace/name"
            return
        for name in ("service_account", "interval", "token_file", "token_secret"):
            if name in self.model_fields_set:
                field = type(self).model_fields[name].alias or name
                yield (field,), "means nothing beside statsd", "delete it"
