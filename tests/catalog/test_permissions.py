from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.model import Catalog, Service, Team
from catalog.permissions import Permissions
from tests.real.acl_server import AclServer, running_acl_server

CATALOG = Catalog(
    services=(
        Service(namespace="shop", name="billing", secrets={"bank": {"token": "bankToken"}}),
        Service(
            namespace="shop",
            name="orders",
            secrets={"mail": {"password": "mailPassword"}},
            shares={"mail": ("shop/billing",)},
        ),
    ),
    teams=(
        Team(name="keepers", administrator=True, members={"ada": "a"}),
        Team(name="shop", members={"ada": "a", "grace": "g"}, services={"shop/orders": "write"}),
    ),
)


def _permissions(catalog: Catalog = CATALOG) -> Permissions:
    account = {"strongroom": 'path "sys/mounts/kv" { capabilities = ["update"] }'}
    return Permissions(catalog=catalog, flavour="openbao", account=account)


def test_everybody_has_the_acls_that_the_program_gives_him() -> None:
    assert _permissions().bearers == {
        "shop/billing": ("svc-shop.billing",),
        "shop/orders": ("svc-shop.orders",),
        "team:keepers": ("team-keepers",),
        "team:shop": ("team-shop",),
        "person:ada": ("team-keepers", "team-shop"),
        "person:grace": ("team-shop",),
        "account:strongroom": ("strongroom",),
    }


@pytest.mark.parametrize(
    ("who", "capability", "path", "allowed", "asked"),
    [
        ("shop/orders", "read", "kv/shop/orders/mail", True, "kv/data/shop/orders/mail"),
        ("shop/orders", "update", "kv/shop/orders/mail", False, "kv/data/shop/orders/mail"),
        ("shop/billing", "read", "kv/data/shop/orders/mail", True, "kv/data/shop/orders/mail"),
        ("shop/billing", "read", "kv/shop/orders/other", False, "kv/data/shop/orders/other"),
        ("shop/orders", "list", "kv/shop/orders", True, "kv/metadata/shop/orders/"),
        ("shop/orders", "list", "kv/shop", False, "kv/metadata/shop/"),
        ("person:grace", "update", "kv/shop/orders/mail", True, "kv/data/shop/orders/mail"),
        ("person:grace", "read", "sys/policies/acl/x", False, "sys/policies/acl/x"),
        ("person:ada", "read", "sys/policies/acl/x", True, "sys/policies/acl/x"),
        ("account:strongroom", "update", "/sys/mounts/kv", True, "sys/mounts/kv"),
        # What every token may do.
        ("shop/orders", "update", "auth/token/renew-self", True, "auth/token/renew-self"),
    ],
)
def test_a_question_is_answered(
    who: str, capability: str, path: str, allowed: bool, asked: str
) -> None:
    answer = _permissions().answer(who, capability, path)

    assert (answer.allowed, answer.path) == (allowed, asked)


def test_a_namespace_called_as_the_api_s_words_are_is_one() -> None:
    catalog = Catalog(services=(Service(namespace="data", name="a", secrets={"b": {"c": "d"}}),))

    answer = _permissions(catalog).answer("data/a", "read", "kv/data/a/b")

    assert (answer.allowed, answer.path) == (True, "kv/data/data/a/b")


def test_the_rule_is_named() -> None:
    answer = _permissions().answer("shop/billing", "read", "kv/shop/orders/mail")

    assert answer.decision.reason == (
        'svc-shop.billing:5 path "kv/data/shop/orders/mail" [read] grants it'
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AclServer]:
    directory: Path = tmp_path_factory.mktemp("permissions")
    with running_acl_server(directory) as running:
        yield running


@pytest.mark.real
@pytest.mark.parametrize("who", sorted(_permissions().bearers))
def test_a_real_server_says_the_same_of_every_path_that_anybody_is_told_about(
    server: AclServer, who: str
) -> None:
    found = _permissions()
    default = server.call("GET", "sys/policies/acl/default").json()["data"]["policy"]
    written = [found.texts[name] for name in found.bearers[who]]
    assert server.write([*written, default][:3]) == [True] * (len(written) + 1)
    paths = sorted(
        {
            path
            for each in found.bearers
            for rule in found.evaluator(each).rules
            if "{{" not in rule.path
            for path in (rule.path.replace("+", "x").rstrip("*") + "y", rule.path.rstrip("*"))
            if path
        }
    )

    ours = found.evaluator(who)

    assert server.capabilities(paths) == {path: ours.capabilities(path) for path in paths}
