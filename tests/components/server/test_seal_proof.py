"""The Job that proves the seal: what it is, and its script run here with a real server at the emulator."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from components.server.configuration import proof_configuration
from components.server.pods import Pods, PodSeal
from components.server.seal_proof import PATIENCE_SECONDS, proof_job, refused, script
from components.server.values import chart_values
from custody.request import AwsCustody
from tests.components.server.examples import (
    INSTANCE_ROLE,
    KEYS,
    POD_IDENTITY,
    WEB_IDENTITY,
    openbao,
    pods,
    values_args,
)
from tests.real import chart
from tests.real.cluster import bao
from tests.real.emulator import Emulator
from tests.real.faults import faulty

JOB = proof_job(pods(), POD_IDENTITY)
POD = JOB["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


def _server() -> dict[str, Any]:
    return dict(chart_values(values_args(seal=POD_IDENTITY))["server"])


def test_its_pod_is_a_server_s_but_for_what_it_runs() -> None:
    server = _server()

    assert POD["serviceAccountName"] == server["serviceAccount"]["name"]
    assert POD["priorityClassName"] == server["priorityClassName"]
    assert POD["securityContext"] == server["statefulSet"]["securityContext"]["pod"]
    assert CONTAINER["securityContext"] == server["statefulSet"]["securityContext"]["container"]
    assert CONTAINER["resources"] == server["resources"]
    image = server["image"]
    assert CONTAINER["image"] == f"{image['repository']}:{image['tag']}"
    given = {each["name"]: each.get("value") for each in CONTAINER["env"]}
    assert given["AWS_REGION"] == "eu-central-1"
    assert given["AWS_EC2_METADATA_DISABLED"] == "true"


def test_the_machine_s_role_of_alibaba_cloud_is_proven_with_its_own_stanza_and_environment() -> (
    None
):
    job = proof_job(pods(), INSTANCE_ROLE)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value") for each in container["env"]}

    assert given["ALICLOUD_ROLE_NAME"] == "worker"
    assert given["ALICLOUD_REGION"] == "eu-central-1"
    assert 'seal "alicloudkms" {' in given["CONFIGURATION"]
    assert not [name for name in given if name.startswith("AWS_")]


def test_it_ends_once_whatever_happens_to_whoever_made_it() -> None:
    assert JOB["spec"]["backoffLimit"] == 0
    assert POD["restartPolicy"] == "Never"
    assert PATIENCE_SECONDS < JOB["spec"]["activeDeadlineSeconds"] < 600
    assert JOB["spec"]["ttlSecondsAfterFinished"] < 600
    assert POD["automountServiceAccountToken"] is False


@pytest.mark.parametrize("of", [pods(), openbao()])
def test_its_server_has_the_servers_seal_and_is_reached_by_nobody(of: Pods) -> None:
    text = proof_configuration(POD_IDENTITY, "/run/vault.sock")
    seal = text[text.index('seal "awskms"') :]

    assert seal in _config(of)
    assert 'storage "inmem"' in text
    assert text.count("listener") == 1
    assert 'listener "unix"' in text


def _config(of: Pods) -> str:
    return str(chart_values(values_args(of, POD_IDENTITY))["server"]["ha"]["raft"]["config"])


def test_keys_come_from_the_servers_secret() -> None:
    env = proof_job(pods(), KEYS)["spec"]["template"]["spec"]["containers"][0]["env"]

    assert {each["name"]: each["valueFrom"] for each in env if "valueFrom" in each} == {
        name: {"secretKeyRef": {"name": "vault-seal", "key": name}}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }


def test_a_web_identity_is_proven_by_a_token() -> None:
    with pytest.raises(ValueError, match="seal"):
        proof_job(pods(), WEB_IDENTITY)


def test_the_servers_policy_is_its_own_and_their_services_and_budget_are_not() -> None:
    objects = chart.rendered(chart_values(values_args(seal=POD_IDENTITY)))
    labels = JOB["spec"]["template"]["metadata"]["labels"]

    def selected(selector: dict[str, Any]) -> bool:
        return bool(selector.items() <= labels.items())

    def of(kind: str) -> list[dict[str, Any]]:
        return [each["spec"] for each in objects if each["kind"] == kind]

    [policy] = of("NetworkPolicy")
    assert selected(policy["podSelector"]["matchLabels"])
    assert not any(selected(each["selector"]) for each in of("Service"))
    for kind in ("PodDisruptionBudget", "StatefulSet", "Deployment"):
        assert of(kind), kind
        assert not any(selected(each["selector"]["matchLabels"]) for each in of(kind)), kind


@pytest.mark.parametrize(
    ("reason", "cure"),
    [
        ("NoCredentialProviders: no valid providers in chain", "agent of EKS Pod Identity runs"),
        ("AccessDeniedException: not allowed", "grant the servers' identity"),
        ("NotFoundException: Key does not exist", "the key's state"),
        ("dial tcp 10.0.0.1:443: i/o timeout", "network.egressCidrs"),
        ("ErrorCode: Forbidden.KeyNotFound", "the key's state"),
        ("ErrorCode: Rejected.Disabled", "the key's state"),
        ("ErrorCode: Forbidden.NoPermission", "grant the servers' identity"),
        ("no valid credentials were found", "the nodes have the RAM role"),
        ("refresh Ecs sts token err: 404", "the nodes have the RAM role"),
        ("something else", "see the reason"),
    ],
)
def test_each_reason_has_a_cure_in_one_line(reason: str, cure: str) -> None:
    said = str(refused(JOB, reason))

    assert said.startswith("a pod of ServiceAccount vault/vault can't use the seal key: ")
    assert reason in said
    assert cure in said
    assert "\n" not in said


def _at(root: Path, value: str) -> str:
    return value.replace("/tmp", str(root))  # noqa: S108  the pod's


class _Pod:
    """The script's pod without a cluster: its directory, and a program called `vault`."""

    def __init__(self, root: Path, place: AwsCustody, endpoint: str, emulator: Emulator) -> None:
        (root / "vault").symlink_to(bao())
        self.root, self.reason = root, root / "reason"
        parameters = {
            "region": place.region,
            "kms_key_id": place.seal_key,
            "endpoint": endpoint,
        }
        seal = PodSeal(kind="awskms", parameters=parameters)
        [container] = proof_job(openbao(), seal)["spec"]["template"]["spec"]["containers"]
        # Its directory is here.
        given = {each["name"]: _at(root, each["value"]) for each in container["env"]}
        path = f"{root}{os.pathsep}/usr/bin:/bin"
        self.environment = {"PATH": path, **given, **emulator.environment}

    def run(self, attempts: int = 20) -> "subprocess.CompletedProcess[str]":
        said = {
            "DIRECTORY": str(self.root),
            "REASON": str(self.reason),
            "ATTEMPTS": str(attempts),
        }
        return subprocess.run(
            ["sh", "-c", script(said)],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def servers(self) -> list[str]:
        """Processes that still run with this pod's configuration."""
        mine = f"-config={self.root}/proof.hcl".encode()
        found = []
        for each in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if mine in each.read_bytes():
                    found.append(each.parent.name)
            except OSError:
                continue
        return found


@pytest.mark.real
def test_the_three_calls_go_through_and_nothing_of_init_is_kept(
    emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    with faulty(emulator.endpoint) as proxy:
        pod = _Pod(tmp_path, place, proxy.url, emulator)

        ran = pod.run()

        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        assert {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"} <= {name for name, _ in proxy.seen}
    left = {file.name for file in tmp_path.iterdir()} - {"vault", "vault.sock"}
    assert left == {"proof.hcl", "log", "init"}
    assert (tmp_path / "init").read_text() == ""
    log = (tmp_path / "log").read_text()
    assert "unsealed" in log
    assert "Root Token" not in log
    _gone(pod)


def _gone(pod: _Pod) -> None:
    deadline = time.monotonic() + 10
    while pod.servers():
        assert time.monotonic() < deadline, "the server still runs"
        time.sleep(0.05)


@pytest.mark.real
@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("kms:DescribeKey", "the server does not start: Error configuring seal"),
        ("kms:Encrypt", "the server can not be initialised: * failed to store keys"),
        ("kms:Decrypt", "the server can not be initialised: * fetching stored unseal keys failed"),
    ],
)
def test_each_call_that_is_denied_is_named_in_one_line(
    action: str, said: str, emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    with faulty(emulator.endpoint) as proxy:
        proxy.deny(action)
        pod = _Pod(tmp_path, place, proxy.url, emulator)

        ran = pod.run()

    assert ran.returncode == 1
    [reason] = pod.reason.read_text().splitlines()
    assert reason.startswith(said)
    assert "AccessDeniedException: denied by the test" in reason
    assert (ran.stdout, ran.stderr) == ("", "")
    _gone(pod)


@pytest.mark.real
def test_a_key_store_that_is_silent_is_not_waited_for_without_end(
    emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    with faulty(emulator.endpoint) as proxy:
        proxy.hold("kms:DescribeKey")
        pod = _Pod(tmp_path, place, proxy.url, emulator)

        ran = pod.run(attempts=1)

        assert ran.returncode == 1
        assert pod.reason.read_text().startswith("the server does not start: ")
        proxy.heal()
    _gone(pod)


def test_no_secret_stands_in_the_job() -> None:
    assert "AKIA" not in json.dumps(proof_job(pods(), KEYS))
