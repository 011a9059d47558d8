"""What servers are told of a database, and what people are told."""

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pulumi
import pytest

from components.server.configuration import pod_configuration, storage_configuration
from components.server.database import Database, wipe_command
from components.server.helm import wipe_commands
from components.server.network_policy import egress
from components.server.values import DATABASE_DIGEST, ValuesArgs, chart_values
from tests.components.server.examples import CA, KEYS, NETWORK, openbao, pods, values_args
from tests.components.server.test_helm import RELEASE, _declared
from tests.conftest import Declare
from tests.real import chart

PASSWORD = "with @ / : ' \" and %"
POSTGRESQL = Database(
    kind="postgresql", host="db.example.com", port=5432, name="vault", username="vault",
    ca_certificate=CA, password=PASSWORD, cidrs=("10.7.0.0/24",),
)  # fmt: skip
MYSQL = replace(POSTGRESQL, kind="mysql", port=3306)
SECRET = "kubernetes:core/v1:Secret"


def test_a_url_holds_the_password_whatever_is_in_it() -> None:
    text = storage_configuration(POSTGRESQL, PASSWORD, "/ca.pem")

    [url] = re.findall(r'connection_url = "([^"]+)"', text)
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path) == ("db.example.com", 5432, "/vault")
    assert unquote(parts.password or "") == PASSWORD
    assert parts.query == "sslmode=verify-full&sslrootcert=%2Fca.pem"


@pytest.mark.parametrize("database", [POSTGRESQL, MYSQL], ids=["postgresql", "mysql"])
def test_servers_verify_the_database_and_know_of_one_another(database: Database) -> None:
    text = storage_configuration(database, PASSWORD, "/ca.pem")

    assert text.startswith(f'storage "{database.kind}" {{')
    assert 'ha_enabled = "true"' in text
    assert re.search(r"tls_ca_file = \"/ca.pem\"|sslmode=verify-full", text)


def test_each_flavour_has_its_database() -> None:
    for database, of in ((MYSQL, openbao), (POSTGRESQL, pods)):
        with pytest.raises(ValueError, match="database must be"):
            of(database=database)


def test_what_shows_a_database_shows_no_password() -> None:
    assert PASSWORD not in repr(POSTGRESQL)


@pytest.mark.parametrize("database", [POSTGRESQL, MYSQL], ids=["postgresql", "mysql"])
def test_it_is_emptied_between_the_last_server_s_end_and_the_first_one_s_start(
    database: Database,
) -> None:
    of = (openbao if database is POSTGRESQL else pods)(database=database)

    stop, wait, drop, _, start = wipe_commands(of, None)

    assert "--replicas=0" in stop
    assert "--for=delete" in wait
    assert drop == wipe_command(database)
    assert any("DROP TABLE IF EXISTS" in each for each in shlex.split(drop))
    assert "--replicas=3" in start


def test_pods_have_no_raft_and_no_volume_for_it() -> None:
    of = openbao(database=POSTGRESQL)
    server = chart_values(_args(of))["server"]

    assert "storage" not in pod_configuration(of, KEYS)
    assert server["ha"]["raft"] == {"enabled": False}
    assert 'listener "tcp"' in server["ha"]["config"]
    assert server["dataStorage"]["enabled"] is False
    assert server["annotations"][DATABASE_DIGEST] == "0123"
    assert PASSWORD not in str(chart_values(_args(of)))


def test_a_policy_lets_pods_to_their_database() -> None:
    rules = egress(openbao(database=POSTGRESQL), NETWORK, KEYS)

    [rule] = [each for each in rules if each["ports"] == [{"port": 5432, "protocol": "TCP"}]]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.7.0.0/24"}}]


def test_helm_makes_pods_that_read_the_storage_s_file() -> None:
    objects = chart.rendered(chart_values(_args(openbao(database=POSTGRESQL))))

    (stateful_set,) = [each for each in objects if each["kind"] == "StatefulSet"]
    spec = stateful_set["spec"]["template"]["spec"]
    server = next(each for each in spec["containers"] if each["name"] == "vault")
    assert "-config=/vault/database/storage.hcl" in server["args"][0]
    assert {"name": "database", "mountPath": "/vault/database", "readOnly": True} in server[
        "volumeMounts"
    ]
    [volume] = [each for each in spec["volumes"] if each["name"] == "database"]
    assert volume["secret"]["secretName"] == "vault-database"
    claims = [each["metadata"]["name"] for each in stateful_set["spec"]["volumeClaimTemplates"]]
    assert claims == ["audit"]
    (config,) = [
        each
        for each in objects
        if each["kind"] == "ConfigMap" and "config" in each["metadata"]["name"]
    ]
    assert "raft" not in str(config["data"])


def test_the_password_lies_in_a_secret_and_a_new_one_is_a_change_of_the_pods(
    declare: Declare, tmp_path: Path
) -> None:
    digests = []
    for password in (PASSWORD, "another"):
        database = replace(POSTGRESQL, password=pulumi.Output.secret(password))
        declared = _declared(declare, tmp_path, pods=openbao(database=database))
        [secret] = [
            each
            for each in declared.all(SECRET)
            if each.inputs["metadata"]["name"] == "vault-database"
        ]
        assert set(secret.inputs["stringData"]) == {"storage.hcl", "ca.crt"}
        assert "stringData" in secret.secrets
        values = declared.one(RELEASE)["values"]
        assert password not in str(values)
        digests.append(values["server"]["annotations"][DATABASE_DIGEST])
    assert len(set(digests)) == 2


def test_a_preview_says_what_is_lost(
    declare: Declare, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _declared(declare, tmp_path, pods=openbao(database=POSTGRESQL))

    assert "no raft snapshots" in caplog.text


def _args(of: Any) -> ValuesArgs:
    return replace(values_args(of, KEYS), database_digest="0123")
