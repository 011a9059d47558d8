import json
from typing import Any

import jsonschema
import pulumi
import pytest

from components.monitoring.dashboard import dashboard
from components.monitoring.monitoring import Monitoring, MonitoringArgs
from components.monitoring.scrape import monitor_spec
from components.server.pods import Scrape
from components.server.tls.contract import Expiry
from tests.components.monitoring import crds
from tests.components.server.examples import pods
from tests.conftest import Declare, Declared

SCRAPE = Scrape(labels={"release": "prometheus"})
CUSTOM = "kubernetes:monitoring.coreos.com/v1:"


def _declared(declare: Declare, expiry: Expiry | None) -> Declared:
    namespace = pulumi.Output.from_input("vault")
    args = MonitoringArgs(pods=pods(), scrape=SCRAPE, namespace=namespace, expiry=expiry)
    return declare(lambda: Monitoring("monitoring", args))


def test_metrics_are_read_over_verified_tls_with_a_token() -> None:
    spec = monitor_spec(pods(), SCRAPE)

    jsonschema.validate(spec, crds.SERVICE_MONITOR)
    [endpoint] = spec["endpoints"]
    assert endpoint["tlsConfig"] == {
        "ca": {"configMap": {"name": "vault-tls", "key": "ca.crt"}},
        "serverName": "vault.vault.svc",
    }
    assert endpoint["bearerTokenFile"] == "/vault/secrets/token"


def test_the_token_may_come_from_a_secret() -> None:
    spec = monitor_spec(pods(), Scrape(labels={}, token_secret="vault-metrics"))

    jsonschema.validate(spec, crds.SERVICE_MONITOR)
    [endpoint] = spec["endpoints"]
    assert endpoint["authorization"]["credentials"] == {"name": "vault-metrics", "key": "token"}
    assert "bearerTokenFile" not in endpoint


def test_prometheus_and_grafana_find_what_they_look_for(declare: Declare) -> None:
    expiry = Expiry(expression="vector(5)", warning_seconds=60)

    declared = _declared(declare, expiry)

    for kind in ("ServiceMonitor", "PrometheusRule"):
        metadata = declared.one(f"{CUSTOM}{kind}")["metadata"]
        assert metadata["labels"] == {"release": "prometheus"}
        assert metadata["namespace"] == "vault"
    rules = declared.one(f"{CUSTOM}PrometheusRule")["spec"]
    jsonschema.validate(rules, crds.PROMETHEUS_RULE)
    assert rules["groups"][0]["rules"][-1]["expr"] == "vector(5) - time() < 60"
    config = declared.one("kubernetes:core/v1:ConfigMap")
    assert config["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(config["data"]["vault.json"])["panels"]


def test_a_certificate_that_nobody_here_knows_has_no_alert(declare: Declare) -> None:
    rules = _declared(declare, None).one(f"{CUSTOM}PrometheusRule")["spec"]

    alerts: list[dict[str, Any]] = rules["groups"][0]["rules"]
    assert "VaultCertificateEnds" not in {rule["alert"] for rule in alerts}


@pytest.mark.parametrize("namespace", ["vault", "a" * 63])
def test_the_dashboard_fits_grafana(namespace: str) -> None:
    document = json.loads(dashboard(job="vault-internal", namespace=namespace))

    assert len(document["uid"]) <= 40
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in document["panels"]]
    assert len(set(places)) == len(places)
    assert all(x + 8 <= 24 for x, _ in places)
    queries = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
    assert all(f'namespace="{namespace}"' in query and "$of" not in query for query in queries)
