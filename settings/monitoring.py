"""Who watches the servers."""

from typing import Annotated

from pydantic import Field

from mistakes.shapes import FilePath, Label, ServiceId, Text, shape
from settings.base import Model


class Monitoring(Model):
    """Prometheus, by its operator: a ServiceMonitor, alerts and a dashboard. Their kinds must be in the cluster."""

    service_account: Annotated[
        ServiceId,
        Field(
            description="Prometheus' ServiceAccount, namespace/name: it may read metrics, and nothing else.",
            examples=["monitoring/prometheus"],
        ),
    ]
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
