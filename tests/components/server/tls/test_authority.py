import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from components.server.tls import authority
from components.server.tls.authority import Signed, is_due, issue, kept, new_authority, signer
from components.server.tls.names import Names

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NAMES = Names(dns=("*.vault-internal.vault.svc", "vault.vault.svc"), ips=("127.0.0.1",))
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def ca() -> Signed:
    return new_authority(NOW)


@pytest.fixture(scope="module")
def leaf(ca: Signed) -> Signed:
    return issue(ca, NAMES, NOW)


@pytest.mark.parametrize("name", ["vault-4.vault-internal.vault.svc", "vault.vault.svc"])
def test_a_strict_verifier_takes_each_name(ca: Signed, leaf: Signed, name: str) -> None:
    policy = PolicyBuilder().store(Store([ca.parsed])).time(NOW)

    chain = policy.build_server_verifier(x509.DNSName(name)).verify(leaf.parsed, [])

    assert chain == [leaf.parsed, ca.parsed]


def test_another_name_is_not_the_server_s(ca: Signed, leaf: Signed) -> None:
    policy = PolicyBuilder().store(Store([ca.parsed])).time(NOW)

    with pytest.raises(x509.verification.VerificationError):
        policy.build_server_verifier(x509.DNSName("vault.shop.svc")).verify(leaf.parsed, [])


def test_a_server_can_be_started_with_it(leaf: Signed, tmp_path: Path) -> None:
    (tmp_path / "pair.pem").write_text(leaf.certificate + leaf.key)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    context.load_cert_chain(tmp_path / "pair.pem")


def test_a_certificate_signs_nothing_and_serves_only(leaf: Signed) -> None:
    extensions = leaf.parsed.extensions

    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_private_key_is_in_no_repr(ca: Signed) -> None:
    assert "PRIVATE" not in repr(ca)


def test_nothing_is_due_while_there_is_time(ca: Signed, leaf: Signed) -> None:
    for days in (0, 1, 89):
        assert not is_due([ca], leaf.certificate, NAMES, NOW + days * DAY)


def test_a_certificate_is_due_when_half_of_its_life_is_over(ca: Signed, leaf: Signed) -> None:
    assert is_due([ca], leaf.certificate, NAMES, NOW + 91 * DAY)
    assert leaf.parsed.not_valid_after_utc == NOW + authority.LIFE


@pytest.mark.parametrize(
    "names",
    [
        Names(dns=("vault.vault.svc",), ips=NAMES.ips),
        Names(dns=(*NAMES.dns, "x.example.com"), ips=NAMES.ips),
        Names(dns=NAMES.dns, ips=("10.0.0.1", "127.0.0.1")),
    ],
)
def test_other_names_are_another_certificate(ca: Signed, leaf: Signed, names: Names) -> None:
    assert is_due([ca], leaf.certificate, names, NOW)


def test_the_next_ca_comes_a_year_before_the_end_and_is_trusted_before_it_signs(
    ca: Signed,
) -> None:
    before = ca.parsed.not_valid_after_utc - 366 * DAY
    late = ca.parsed.not_valid_after_utc - 364 * DAY

    assert kept([ca], before) == (ca,)
    both = kept([ca], late)

    assert len(both) == 2
    assert both[0] == ca
    assert signer(both, late) == ca
    assert signer(both, late + 29 * DAY) == ca
    assert signer(both, late + 31 * DAY) == both[1]
    # Said to be due by itself: nobody has to remember.
    assert is_due([ca], issue(ca, NAMES, late).certificate, NAMES, late)
    assert is_due(both, issue(ca, NAMES, late).certificate, NAMES, late + 31 * DAY)
    assert not is_due(both, issue(both[1], NAMES, late).certificate, NAMES, late + 31 * DAY)


def test_an_ended_ca_is_trusted_no_longer(ca: Signed) -> None:
    late = ca.parsed.not_valid_after_utc - 364 * DAY
    both = kept([ca], late)

    assert kept(both, ca.parsed.not_valid_after_utc + DAY) == (both[1],)


def test_no_certificate_outlives_its_ca(ca: Signed) -> None:
    late = ca.parsed.not_valid_after_utc - 10 * DAY

    leaf = issue(ca, NAMES, late)

    assert leaf.parsed.not_valid_after_utc == ca.parsed.not_valid_after_utc


def test_a_first_ca_signs_at_once(ca: Signed) -> None:
    assert signer([ca], NOW) == ca
