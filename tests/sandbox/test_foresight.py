import pytest

from catalog.model import CloudGrant, Service
from sandbox.foresight import Way, foreseen

OWNED = {"type": "pulumi-python:dynamic/strongroom:Owned"}
CREDENTIAL = {"type": "strongroom:cloud:ApplicationCredential"}
ACL = {"type": "vault:index/policy:Policy"}
GRANT = CloudGrant(bucket="invoices", access="read", rotate_seconds=86_400)


def _services(many: int, *, granted: int = 0) -> list[Service]:
    return [
        Service(namespace="shop", name=f"s{i}", cloud={"a": GRANT} if i < granted else {})
        for i in range(many)
    ]


@pytest.mark.parametrize(
    ("resources", "services", "way"),
    [
        # Few: nothing is won.
        ([], _services(10), Way.ONE_BY_ONE),
        ([OWNED, *[ACL] * 30], _services(10), Way.ONE_BY_ONE),
        # Many are declared, or many are there that may go.
        ([OWNED], _services(100), Way.SAVED_ONCE),
        ([OWNED, *[ACL] * 300], _services(1), Way.SAVED_ONCE),
        # Something else will be made for certain.
        ([], _services(100), Way.REST_FIRST),
        ([OWNED, CREDENTIAL, *[ACL] * 300], _services(100, granted=2), Way.REST_FIRST),
        ([OWNED, CREDENTIAL, *[ACL] * 300], _services(100, granted=1), Way.SAVED_ONCE),
    ],
)
def test_the_quickest_way_is_guessed(
    resources: list[dict[str, str]], services: list[Service], way: Way
) -> None:
    assert foreseen(resources, services) is way
