"""The same names and labels by way of statsd: real servers send to a real statsd_exporter."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import jsonschema
import pulumi
import pytest

from components.monitoring.monitoring import Monitoring, MonitoringArgs
from components.monitoring.scrape import job
from components.monitoring.statsd import METRICS, statsd_mapping
from components.server.configuration import pod_configuration, telemetry
from components.server.network_policy import egress
from components.server.pods import Network, Scrape, Statsd
from custody.secret import Secret
from custody.vault import Cluster as Servers
from custody.vault import wait_until
from tests.components.monitoring import crds
from tests.components.monitoring.names import FROM_SOURCE, USED
from tests.components.server.examples import KEYS, pods
from tests.conftest import Declare, Declared
from tests.e2e.kubernetes.lab import VAULT
from tests.real.cluster import Cluster, kms_seal, running_sealed
from tests.real.emulator import Emulator, custody_place
from tests.real.statsd import Exporter, running_exporter

STATSD = Statsd(service="statsd-exporter", namespace="monitoring")
SCRAPE = Scrape(labels={"release": "prometheus"}, statsd=STATSD)
OF = pods(scrape=SCRAPE)
MAPPING = statsd_mapping(job=job(OF), namespace="vault")
# What a server tells of itself and statsd's wire carries otherwise.
SUMMARISED = re.compile(r"_(count|sum)$")


def _declared(declare: Declare) -> Declared:
    namespace = pulumi.Output.from_input("vault")
    args = MonitoringArgs(pods=OF, scrape=SCRAPE, namespace=namespace, expiry=None)
    return declare(lambda: Monitoring("monitoring", args))


def test_each_name_that_is_asked_for_is_mapped() -> None:
    mapped = {metric.name for metric in METRICS}

    assert {SUMMARISED.sub("", name) for name in USED} == mapped


def test_servers_send_where_the_exporter_is_and_reach_it() -> None:
    text = pod_configuration(OF, KEYS)

    assert 'statsd_address = "statsd-exporter.monitoring.svc:9125"' in text
    assert "enable_hostname_label = true" in text
    assert "statsd" not in pod_configuration(pods(), KEYS)
    [rule] = [
        rule
        for rule in egress(OF, Network(), KEYS)
        if {"port": 9125, "protocol": "UDP"} in rule["ports"]
    ]
    [end] = rule["to"]
    assert end["namespaceSelector"]["matchExpressions"][0]["values"] == ["monitoring"]


def test_nobody_reads_the_servers_then_and_alerts_do_without(declare: Declare) -> None:
    declared = _declared(declare)

    kinds = {each.type for each in declared.resources}
    assert "kubernetes:monitoring.coreos.com/v1:ServiceMonitor" not in kinds
    made = {each["metadata"]["name"]: each for each in _maps(declared)}
    assert set(made) == {"vault-statsd", "vault-dashboard"}
    assert made["vault-statsd"]["metadata"]["namespace"] == "monitoring"
    assert json.loads(made["vault-statsd"]["data"]["statsd.yaml"]) == MAPPING
    rules = declared.one("kubernetes:monitoring.coreos.com/v1:PrometheusRule")["spec"]
    jsonschema.validate(rules, crds.PROMETHEUS_RULE)
    expressions = {rule["alert"]: rule["expr"] for rule in rules["groups"][0]["rules"]}
    assert "vault_autopilot_node_healthy" in expressions["VaultServerSealed"]
    assert not any(re.search(r"\bup\b", each) for each in expressions.values())


def _maps(declared: Declared) -> Iterator[dict[str, dict[str, str]]]:
    for each in declared.all("kubernetes:core/v1:ConfigMap"):
        yield each.inputs


@contextmanager
def _sending(
    emulator: Emulator, folder: Path, exporter: Exporter, flavour: str
) -> Iterator[tuple[Cluster, Secret]]:
    program = VAULT.built() if flavour == "vault" else None
    if flavour == "vault" and program is None:
        pytest.skip("HashiCorp Vault can't be built: there is no Go")
    said = telemetry(replace(STATSD, port=exporter.port))
    here = {**said.values, "statsd_address": f"127.0.0.1:{exporter.port}"}
    with running_sealed(
        folder / "cluster",
        kms_seal(emulator, custody_place(emulator)),
        members=3,
        flavour="vault" if flavour == "vault" else "openbao",
        program=None if program is None else str(program),
        telemetry=replace(said, values=here),
    ) as cluster:
        servers = Servers(cluster.address)
        first = servers.client(cluster.address.members[0])
        answer = first.sys.initialize(recovery_shares=1, recovery_threshold=1)
        servers.wait_until_unsealed(60)
        token = Secret(answer["root_token"])
        if flavour == "vault":
            servers.active(token).sys.enable_audit_device(
                "file", options={"file_path": str(folder / "audit.log")}
            )
        yield cluster, token


Series = frozenset[tuple[str, str]]


def _series(text: str) -> dict[str, set[Series]]:
    """Give the labels of each series of a name that is used, without who sent and without quantiles' values."""
    found: dict[str, set[Series]] = {}
    for line in text.splitlines():
        matched = re.match(r"([A-Za-z_]+)(?:\{(.*)\})? ", line)
        if matched is None or matched[1] not in USED:
            continue
        labels = dict(re.findall(r'(\w+)="([^"]*)"', matched[2] or ""))
        ours = {"host", "pod", "job", "namespace"}
        kept = {(name, value) for name, value in labels.items() if name not in ours and value}
        found.setdefault(matched[1], set()).add(frozenset(kept))
    return found


@pytest.mark.real
@pytest.mark.parametrize("flavour", ["openbao", "vault"])
def test_names_and_labels_are_those_that_the_servers_tell(
    emulator: Emulator, tmp_path: Path, flavour: str
) -> None:
    with (
        running_exporter(tmp_path / "exporter", MAPPING) as exporter,
        _sending(emulator, tmp_path, exporter, flavour) as (cluster, token),
    ):
        servers = Servers(cluster.address)

        def told() -> str:
            client = servers.active(token)
            answer = client.session.get(
                f"{client.url}/v1/sys/metrics?format=prometheus",
                headers={"Authorization": f"Bearer {token.reveal()}"},
            )
            assert answer.status_code == 200
            return str(answer.text)

        never = {*FROM_SOURCE, "vault_seal_decrypt_error"}
        # The leader's, which are sent at once, every ten seconds, or by the first look of autopilot.
        assert wait_until(lambda: USED - never <= set(_series(told())), 60.0, pause=1.0)
        assert wait_until(lambda: USED - never <= set(_series(exporter.text())), 60.0, pause=1.0)

        def missing() -> dict[str, set[Series]]:
            # Statsd hears of all three servers; the leader tells of itself.
            by_servers, by_statsd = _series(told()), _series(exporter.text())
            return {
                name: left
                for name in sorted(USED - never)
                if (left := by_servers[name] - by_statsd[name])
            }

        # A server that the leader has just come to know is sent a few seconds after it is told.
        assert wait_until(lambda: not missing(), 60.0, pause=1.0), missing()
        labels = f'job="vault-active",namespace="vault",pod="{socket.gethostname()}"'
        assert re.search(
            rf'vault_core_active{{cluster="[^"]+",{re.escape(labels)}}} 1', exporter.text()
        )
        others = re.findall(r"^vault_[A-Za-z_]+", exporter.text(), re.MULTILINE)
        assert {SUMMARISED.sub("", name) for name in others} <= {each.name for each in METRICS}


@pytest.mark.real
def test_milliseconds_stay_milliseconds(tmp_path: Path) -> None:
    with running_exporter(tmp_path / "exporter", MAPPING) as exporter:
        packet = (
            b"vault.core.handle_request.vault-0:250.0|ms\n"
            b"vault.seal.encrypt.error.awskms.vault-0:1|c\n"
            b"vault.seal.decrypt.vault-0:2|c\n"
            b"vault.seal.decrypt.time.vault-0:3|ms\n"
            b"vault.route.read.sys-.vault-0:3|ms\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(packet, ("127.0.0.1", exporter.port))

        assert wait_until(lambda: "vault_seal_decrypt" in exporter.text(), 20.0, pause=0.1)
        text = exporter.text()
        sent = 'job="vault-active",namespace="vault",pod="vault-0"'
        assert f'vault_core_handle_request{{{sent},quantile="0.5"}} 250' in text
        assert f'vault_seal_encrypt_error{{{sent},seal_wrapper_name="awskms"}} 1' in text
        assert f'vault_seal_decrypt{{{sent},seal_wrapper_name=""}} 2' in text
        assert "route" not in text
        assert "vault_seal_decrypt_time" not in text
