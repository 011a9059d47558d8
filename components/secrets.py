"""What the program writes for each service: configured secrets and application credentials, by path."""

from collections.abc import Callable

import pulumi

from catalog.model import Service
from components.cloud.contract import Applications, BucketGrant

Fields = pulumi.Input[dict[str, str]]


def service_secrets(
    services: tuple[Service, ...],
    cloud: Applications | None,
    configured: Callable[[str], pulumi.Output[str]],
    *,
    now: float,
) -> dict[str, pulumi.Output[dict[str, str]]]:
    """Give path below the KV mount -> fields, all secret.

    `shop/orders/mail` from stack secrets, `shop/orders/cloud/invoices` from credentials that the cloud makes
    in the same run. `now` (Unix seconds) decides which of a credential's two keys is the current one.

    Raises:
        ValueError: if a service has a `cloud` entry and there is no cloud.

    """
    written: dict[str, pulumi.Output[dict[str, str]]] = {}
    for service in services:
        for path, fields in service.secrets.items():
            values = {field: configured(key) for field, key in fields.items()}
            written[f"{service.id}/{path}"] = pulumi.Output.secret(pulumi.Output.all(**values))
        for name, grant in service.cloud.items():
            if cloud is None:
                raise ValueError(f"cloud must be given: {service.id} has cloud entry {name}")
            written[f"{service.id}/cloud/{name}"] = cloud.application_credentials(
                BucketGrant(
                    service=service.id,
                    name=name,
                    bucket=grant.bucket,
                    access=grant.access,
                    rotate_seconds=grant.rotate_seconds,
                ),
                now=now,
            )
    return written
