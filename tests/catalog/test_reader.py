"""What a right catalogue is read as, and that a wrong one is never more than mistakes."""

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog.model import Catalog, CloudGrant, SecretFile, Service, Team, WorkloadChoice
from catalog.reader import read, seconds
from mistakes import MistakesError
from tests.settings.project import BILLING, ORDERS, TEAM

CHECKOUT = Path(__file__).parents[2]


def written(root: Path, files: dict[str, str]) -> Path:
    directory = root / "catalog"
    directory.mkdir()
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


def test_services_and_teams_come_sorted_and_typed(tmp_path: Path) -> None:
    directory = written(tmp_path, {"z.yaml": BILLING, "a.yaml": ORDERS, "t.yaml": TEAM})

    assert read(directory) == Catalog(
        services=(
            Service(namespace="shop", name="billing"),
            Service(
                namespace="shop",
                name="orders",
                secrets={"mail": {"password": "mailPassword"}},
                cloud={
                    "invoices": CloudGrant(
                        bucket="invoices", access="read-write", rotate_seconds=43200
                    )
                },
                shares={"mail": ("shop/billing",)},
            ),
        ),
        teams=(Team(name="keepers", administrator=True, members={"ada": "adaPassword"}),),
    )


def test_a_service_has_a_path_and_a_slug_of_its_own() -> None:
    service = Service(namespace="shop", name="orders")

    assert (service.id, service.slug) == ("shop/orders", "shop.orders")


def test_the_secrets_that_a_catalogue_takes_are_known(tmp_path: Path) -> None:
    directory = written(tmp_path, {"b.yaml": BILLING, "a.yaml": ORDERS, "t.yaml": TEAM})

    assert read(directory).config_keys() == {"mailPassword", "adaPassword"}


@pytest.mark.parametrize(
    ("text", "expected"), [("30d", 2592000), ("12h", 43200), ("90m", 5400), ("45s", 45)]
)
def test_a_duration_is_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected


def test_a_person_in_two_teams_has_one_password(tmp_path: Path) -> None:
    second = "team: second\nmembers: {ada: {password: {config: adaPassword}}}\n"
    directory = written(tmp_path, {"t.yaml": TEAM, "s.yaml": second})

    assert [team.members for team in read(directory).teams] == [{"ada": "adaPassword"}] * 2


def test_a_service_may_have_two_keys_for_its_bucket(tmp_path: Path) -> None:
    orders = ORDERS.replace("cloud:\n", "cloud:\n  report: {bucket: invoices, access: read}\n")
    directory = written(tmp_path, {"a.yaml": orders, "b.yaml": BILLING})

    grants = read(directory).services[1].cloud

    assert {name: grant.bucket for name, grant in grants.items()} == {
        "report": "invoices",
        "invoices": "invoices",
    }
    # A month, where the file doesn't say.
    assert grants["report"].rotate_seconds == 2592000


def test_an_access_key_can_be_shared(tmp_path: Path) -> None:
    orders = ORDERS.replace("  mail: [shop", "  cloud/invoices: [shop")
    directory = written(tmp_path, {"a.yaml": orders, "b.yaml": BILLING})

    assert read(directory).services[1].shares == {"cloud/invoices": ("shop/billing",)}


def test_a_secret_path_may_have_parts(tmp_path: Path) -> None:
    orders = ORDERS.replace("  mail: ", "  mail/outgoing: ")
    directory = written(tmp_path, {"a.yaml": orders, "b.yaml": BILLING})

    assert "mail/outgoing" in read(directory).services[1].secrets


FILES = """\
workload:
  as: injector
  refresh: 1m
  files:
    app.env: {secret: mail, format: env}
    mail.json: {secret: mail}
    password: {secret: mail, field: password}
"""


def test_a_service_says_how_its_pod_gets_its_secrets(tmp_path: Path) -> None:
    billing = (
        BILLING
        + "workload: {as: injector, mode: init, files: {m: {of: shop/orders, secret: mail}}}\n"
    )
    directory = written(tmp_path, {"a.yaml": ORDERS + FILES, "b.yaml": billing})

    second, first = read(directory).services

    assert first.workload == WorkloadChoice(
        delivery="injector",
        refresh_seconds=60,
        files={
            "app.env": SecretFile(owner="shop/orders", secret="mail", format="env"),
            "mail.json": SecretFile(owner="shop/orders", secret="mail"),
            "password": SecretFile(
                owner="shop/orders", secret="mail", format="field", field="password"
            ),
        },
    )
    assert second.workload is not None
    assert (second.workload.mode, second.workload.files["m"].path) == ("init", "shop/orders/mail")


def test_a_pod_gets_every_secret_of_its_service_s_own_unless_it_chooses(tmp_path: Path) -> None:
    directory = written(tmp_path, {"a.yaml": ORDERS, "b.yaml": BILLING})
    orders = read(directory).services[1]

    whole = orders.files(WorkloadChoice(delivery="injector"))
    single = orders.files(WorkloadChoice(delivery="csi"))

    assert orders.workload is None
    assert {name: file.path for name, file in whole.items()} == {
        "cloud-invoices.json": "shop/orders/cloud/invoices",
        "mail.json": "shop/orders/mail",
    }
    assert {name: file.field for name, file in single.items()} == {
        "cloud-invoices.access_key_id": "access_key_id",
        "cloud-invoices.bucket": "bucket",
        "cloud-invoices.region": "region",
        "cloud-invoices.secret_access_key": "secret_access_key",
        "mail.password": "password",
    }


def test_no_service_is_called_unknown_while_a_file_cannot_be_read(tmp_path: Path) -> None:
    directory = written(tmp_path, {"a.yaml": ORDERS, "billing.yaml": "service: [\n"})

    with pytest.raises(MistakesError) as refused:
        read(directory)

    assert [mistake.file for mistake in refused.value.mistakes] == ["catalog/billing.yaml"]


def test_a_service_with_another_mistake_is_known_to_the_others(tmp_path: Path) -> None:
    directory = written(tmp_path, {"a.yaml": ORDERS, "b.yaml": BILLING + "owner: me\n"})

    with pytest.raises(MistakesError) as refused:
        read(directory)

    assert [mistake.file for mistake in refused.value.mistakes] == ["catalog/b.yaml"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "catalog: the catalogue is empty; write catalog/<namespace>-<service>.yaml"),
        (
            {"sub.yaml": None},
            "catalog/sub.yaml: can't be read (Is a directory); check its path and mode",
        ),
    ],
)
def test_a_catalogue_without_files_is_refused(
    tmp_path: Path, files: dict[str, None], says: str
) -> None:
    directory = written(tmp_path, {})
    for name in files:
        (directory / name).mkdir()

    with pytest.raises(MistakesError) as refused:
        read(directory)

    assert str(refused.value) == says


def test_a_file_in_a_directory_below_is_not_passed_over(tmp_path: Path) -> None:
    directory = written(tmp_path, {"b.yaml": BILLING})
    (directory / "shop").mkdir()
    (directory / "shop" / "orders.yaml").write_text(ORDERS)

    with pytest.raises(MistakesError) as refused:
        read(directory)

    assert str(refused.value) == (
        "catalog/shop/orders.yaml: is in a directory of its own; move it to catalog/"
    )


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    directory = written(tmp_path, {})
    (directory / "x.yaml").write_bytes(b"service: \xff\n")

    with pytest.raises(MistakesError) as refused:
        read(directory)

    assert str(refused.value) == "catalog/x.yaml: isn't UTF-8 text; save it as UTF-8"


def test_the_examples_are_right() -> None:
    catalog = read(CHECKOUT / "catalog")

    assert {service.namespace for service in catalog.services} == {"shop", "blog"}
    assert any(service.shares for service in catalog.services)
    assert any(service.cloud for service in catalog.services)
    assert any(team.administrator for team in catalog.teams)


WORDS = st.sampled_from(
    ["service", "team", "namespace", "secrets", "cloud", "shares", "members", "services", "config",
     "password", "administrator", "bucket", "access", "rotate", "orders", "shop", "shop/orders",
     "mail", "../x", "30d", "read", "true", "1", "~", "*", "&a", "{", "}", "[", "]", ":", "-", "\n",
     "\n  ", ": ", ", ", "'", '"', "!!x ", "? ", "\t", "\x00", "é", "#"]
)  # fmt: skip
KEYS = st.one_of(WORDS, st.text(max_size=8))
VALUES = st.recursive(
    st.one_of(KEYS, st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=12,
)


def reads_or_refuses(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as root:
        directory = written(Path(root), {"a.yaml": ORDERS, "b.yaml": BILLING})
        (directory / "x.yaml").write_bytes(content)
        try:
            catalog = read(directory)
        except MistakesError as error:
            for line in str(error).splitlines():
                assert line.startswith("catalog/")
                assert line.isprintable()
        else:
            assert catalog.services


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_mistakes(content: bytes) -> None:
    reads_or_refuses(content)


@given(st.lists(WORDS, max_size=40).map("".join))
def test_no_text_is_more_than_mistakes(content: str) -> None:
    reads_or_refuses(content.encode())


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_no_document_is_more_than_mistakes(content: dict[str, object]) -> None:
    reads_or_refuses(yaml.safe_dump(content, allow_unicode=True).encode(errors="surrogatepass"))
