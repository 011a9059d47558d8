import time
from pathlib import Path

import jwt
import pytest

from sandbox import issuer
from sandbox.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(checkout=tmp_path)
    made.prepare()
    issuer.ensure(made)
    return made


def test_a_token_is_as_the_cluster_would_issue_it(layout: Layout) -> None:
    public = (layout.cluster / "public.pem").read_text()

    claims = jwt.decode(
        issuer.token(layout, "shop/orders"),
        public,
        algorithms=["RS256"],
        audience="vault",
        issuer=issuer.ISSUER,
    )

    assert claims["sub"] == "system:serviceaccount:shop:orders"
    assert claims["kubernetes.io"] == {"namespace": "shop", "serviceaccount": {"name": "orders"}}
    assert claims["exp"] <= time.time() + 600


def test_the_keys_are_made_once(layout: Layout) -> None:
    before = (layout.cluster / "signing-key.pem").read_text()

    issuer.ensure(layout)

    assert (layout.cluster / "signing-key.pem").read_text() == before
    assert (layout.cluster / "signing-key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("service", ["orders", "shop/", "/orders", "shop/orders/extra", ""])
def test_what_is_no_service_is_refused(layout: Layout, service: str) -> None:
    with pytest.raises(ValueError, match="namespace/name"):
        issuer.token(layout, service)
