"""The declared seal in a real server's hands: its stanza, environment and RAM documents, in all three ways."""

import datetime as dt
from pathlib import Path
from typing import Any

import hvac
import pulumi
import pytest

from components.cloud.alicloud.cloud import AlicloudCloud
from components.server.tls.authority import issue, new_authority
from components.server.tls.names import Names
from custody.request import AlicloudCustody
from custody.vault import Cluster as Servers
from tests.components.cloud.alicloud.world import ACCOUNT, REGION, World, answers, arguments
from tests.conftest import Declare, Declared
from tests.real.alicloud.proxy import forwarding
from tests.real.alicloud.server import Services, running
from tests.real.alicloud.signatures import AccessKey
from tests.real.cluster import NodeSeal, running_sealed

pytestmark = pytest.mark.real

USER = f"acs:ram::{ACCOUNT}:user/strongroom-prod-seal-even"
ROLE = f"acs:ram::{ACCOUNT}:role/strongroom-prod-vault"
MACHINE = f"acs:ram::{ACCOUNT}:role/worker"
KMS, STS, METADATA = f"kms-vpc.{REGION}.aliyuncs.com", "sts.aliyuncs.com", "100.100.100.200"
THREE_CALLS = {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"}


def _declared(declare: Declare, **changes: Any) -> Declared:
    def program() -> None:
        cloud = AlicloudCloud("cloud", arguments(network="vpc", **changes))
        custody = {name: value for name, value in vars(cloud.custody).items() if name != "kind"}
        pulumi.export("custody", {**custody, "seal_credentials": {}})
        pulumi.export("stanza", dict(cloud.seal.parameters))
        pulumi.export("environment", {**cloud.seal.environment, **cloud.seal.secret_environment})

    return declare(program, outputs=answers)


def _tls(directory: Path) -> tuple[Path, Path, Path]:
    """Give certificate, key and CA of whoever answers for Alibaba Cloud's names."""
    now = dt.datetime.now(dt.UTC)
    authority = new_authority(now)
    names = Names(dns=("*.aliyuncs.com", f"*.{REGION}.aliyuncs.com"), ips=())
    signed = issue(authority, names, now)
    files = {"c.pem": signed.certificate, "k.pem": signed.key, "ca.pem": authority.certificate}
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory / "c.pem", directory / "k.pem", directory / "ca.pem"


def _sign_in(services: Services, environment: dict[str, str]) -> None:
    """Let the service know the key that was declared."""
    if "ALICLOUD_ACCESS_KEY" in environment:
        key = environment["ALICLOUD_ACCESS_KEY"]
        secret = environment["ALICLOUD_SECRET_KEY"]
        services.keys[key] = AccessKey(id=key, secret=secret, principal=USER)


@pytest.mark.parametrize(
    ("changes", "who", "hosts"),
    [
        ({}, USER, {KMS}),
        ({"seal_identity": "assumed-role"}, ROLE, {KMS, STS}),
        ({"seal_identity": "instance-role", "instance_role": "worker"}, MACHINE, {KMS, METADATA}),
    ],
    ids=["keys", "assumed-role", "instance-role"],
)
def test_a_server_is_initialised_and_unseals_by_itself_again(
    declare: Declare, tmp_path: Path, changes: dict[str, Any], who: str, hosts: set[str]
) -> None:
    declared = _declared(declare, **changes)
    certificate, key, ca = _tls(tmp_path)
    place = AlicloudCustody(**declared.exports["custody"])
    environment = dict(declared.exports["environment"])
    with (
        running(place, World.of(declared), tls=(certificate, key)) as services,
        forwarding(services, changes.get("instance_role")) as (proxy, asked),
    ):
        _sign_in(services, environment)
        seal = NodeSeal(
            kind="alicloudkms",
            parameters=declared.exports["stanza"],
            environment={**environment, "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy},
            ca_file=ca,
        )
        with running_sealed(tmp_path / "cluster", seal) as cluster:
            servers = Servers(cluster.address)
            url, ca_file = cluster.address.members[0], str(cluster.ca_file)
            answer = hvac.Client(url, verify=ca_file).sys.initialize(
                recovery_shares=1, recovery_threshold=1
            )
            servers.wait_until_unsealed(30)
            cluster.stop(0)
            services.asked.clear()
            cluster.start(0)
            servers.wait_until_unsealed(30)

    assert len(answer["recovery_keys"]) == 1
    assert {p for p, action in services.asked if action.startswith("kms:")} == {who}
    assert {action for p, action in services.asked if p == who} <= THREE_CALLS
    assert asked == hosts
