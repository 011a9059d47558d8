"""What a grant may say, whichever cloud fulfils it. Pure."""

from components.cloud.contract import BucketGrant
from components.cloud.naming import LABEL, SUBDOMAIN, matches


def check_grant(grant: BucketGrant) -> None:
    """Refuse a grant that doesn't fit into names or documents.

    Raises:
        ValueError: naming the field.

    """
    namespace, _, service = grant.service.partition("/")
    # Only the service's own name may hold dots: `namespace.service.grant` then reads one way only.
    if not (LABEL.fullmatch(namespace) and SUBDOMAIN.fullmatch(service)):
        raise ValueError(f"service must be namespace/name; it is {grant.service!r}")
    for field in ("name", "bucket"):
        matches(field, getattr(grant, field), LABEL, "lower-case letters, digits and hyphens")
    if grant.access not in ("read", "read-write"):
        raise ValueError(f"access must be read or read-write; it is {grant.access!r}")
    if grant.rotate_seconds <= 0:
        raise ValueError(f"rotate_seconds must be positive; it is {grant.rotate_seconds}")
