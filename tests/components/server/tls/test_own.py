import datetime as dt
import json
from typing import Any

import pulumi
import pytest

from components.server.tls import own
from components.server.tls.names import Names
from components.server.tls.own import (
    AuthorityProvider,
    OwnCertificate,
    OwnCertificateArgs,
    _ends,
)
from tests.conftest import Declare, Declared, Resource

AUTHORITY = "pulumi-python:dynamic/strongroom:Authority"
SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NAMES = Names(dns=("vault.vault.svc",), ips=("127.0.0.1",))
INPUTS = {"dns_names": list(NAMES.dns), "ip_addresses": list(NAMES.ips)}
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _outputs(resource: Resource) -> dict[str, Any]:
    if resource.type != AUTHORITY:
        return {}
    return {"ca_certificate": "the CA", "certificate": "the certificate", "key": "the key"}


def _declared(declare: Declare, *, keep: bool = True) -> Declared:
    args = OwnCertificateArgs(
        names=NAMES,
        namespace="vault",
        trusting={"vault": "vault", "shop": pulumi.Output.from_input("shop")},
        keep=keep,
    )

    def program() -> pulumi.Output[list[str]]:
        made = OwnCertificate("tls", args)
        return pulumi.Output.all(made.secret, made.ca_certificate)

    return declare(program, outputs=_outputs)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    def set_clock(days: int) -> None:
        monkeypatch.setattr(own, "_now", lambda: NOW + dt.timedelta(days=days))

    set_clock(0)
    return set_clock


def _created() -> dict[str, Any]:
    return dict(AuthorityProvider().create(dict(INPUTS)).outs or {})


def _updated(olds: dict[str, Any], news: dict[str, Any] | None = None) -> dict[str, Any]:
    return dict(AuthorityProvider().update("id", olds, news or dict(INPUTS)).outs or {})


def test_the_secret_is_of_the_kind_that_kubernetes_knows(declare: Declare) -> None:
    secret = _declared(declare).resource(SECRET)

    assert secret.inputs["type"] == "kubernetes.io/tls"
    assert secret.inputs["metadata"] == {"name": "vault-tls", "namespace": "vault"}
    assert secret.inputs["stringData"] == {"tls.crt": "the certificate", "tls.key": "the key"}
    assert "stringData" in secret.secrets


def test_each_namespace_gets_the_ca_and_no_key(declare: Declare) -> None:
    maps = _declared(declare).all(CONFIG_MAP)

    assert [each.inputs["metadata"]["namespace"] for each in maps] == ["shop", "vault"]
    for each in maps:
        assert each.inputs["metadata"]["name"] == "vault-tls"
        assert each.inputs["data"] == {"ca.crt": "the CA"}


def test_private_keys_are_secret_outputs(declare: Declare) -> None:
    authority = _declared(declare).resource(AUTHORITY)

    assert authority.secret_outputs == {"authority_keys", "key"}
    assert authority.inputs.items() >= INPUTS.items()


def test_keep_guards_the_ca(declare: Declare) -> None:
    assert _declared(declare).resource(AUTHORITY).protect
    assert not _declared(declare, keep=False).resource(AUTHORITY).protect


def test_what_follows_waits_for_secret_and_ca(declare: Declare) -> None:
    assert _declared(declare).result == ["vault-tls", "the CA"]


def test_nothing_changes_from_run_to_run(at: Any) -> None:
    made = _created()

    for days in (0, 1, 89):
        at(days)
        assert AuthorityProvider().diff("id", made, dict(INPUTS)).changes is False


def test_a_certificate_is_renewed_in_time_by_the_same_ca(at: Any) -> None:
    made = _created()
    at(91)

    assert AuthorityProvider().diff("id", made, dict(INPUTS)).changes is True
    renewed = _updated(made)

    assert renewed["ca_certificate"] == made["ca_certificate"]
    assert renewed["certificate"] != made["certificate"]
    assert renewed["key"] != made["key"]
    assert made["renew_from"] == "2026-04-01"
    assert renewed["renew_from"] == "2026-07-01"


def test_another_name_makes_another_certificate(at: Any) -> None:
    at(0)
    made = _created()
    more = {**INPUTS, "dns_names": ["vault.example.com", "vault.vault.svc"]}

    assert AuthorityProvider().diff("id", made, more).changes is True
    assert _updated(made, more)["ca_certificate"] == (made["ca_certificate"])


def test_no_open_output_holds_a_private_key(at: Any) -> None:
    at(0)
    made = _created()
    secret = {"authority_keys", "key"}

    assert "PRIVATE KEY" in json.dumps({name: made[name] for name in secret})
    assert "PRIVATE KEY" not in json.dumps({k: v for k, v in made.items() if k not in secret})


def test_prometheus_is_told_when_it_ends(at: Any) -> None:
    at(0)
    made = _created()

    ends = dt.datetime.fromtimestamp(int(_ends(made["certificate"])[7:-1]), dt.UTC)

    # Renewal begins in the second half of its 180 days.
    assert ends - dt.timedelta(days=90) == dt.datetime.fromisoformat(f"{made['renew_from']}T00:00Z")
