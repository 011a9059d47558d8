"""Rolls, destroys, and Pulumi's own command in an environment that is up: after test_cluster.py, on the same one."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from reach.pods import core
from tests.e2e.kubernetes.rolled import rolled_under_load
from tests.e2e.kubernetes.scratch import ClusterScratch, pods, printed_in, read_as, ready, until

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes]


@pytest.fixture(autouse=True)
def _up(scratch: ClusterScratch) -> None:
    """Run by itself this module begins at nothing."""
    if not scratch.sandbox_file("env").exists():
        scratch.up()


def _resources(scratch: ClusterScratch) -> list[dict[str, Any]]:
    exported = scratch.sourced("pulumi stack export")
    assert exported.code == 0, exported.output
    found: list[dict[str, Any]] = json.loads(exported.output)["deployment"]["resources"]
    return found


def test_a_roll_replaces_every_pod_one_by_one(scratch: ClusterScratch) -> None:
    before = {pod.metadata.name: pod.metadata.uid for pod in pods("vault")}
    scratch.configure(lambda server: server.update(logFormat="standard"))
    scratch.up()
    assert {pod.metadata.name: pod.metadata.uid for pod in pods("vault")} == before

    rolled = scratch.ops("roll")

    assert rolled.code == 0, rolled.output
    assert "rolled: 3 of 3 pods" in rolled.output
    after = {pod.metadata.name: pod.metadata.uid for pod in pods("vault")}
    assert all(after[name] != uid for name, uid in before.items())
    until("every pod is ready", lambda: ready("vault") == 3)
    again = scratch.ops("roll")
    assert "nothing to roll" in again.output


def test_while_pods_are_replaced_reads_fail_only_as_the_leader_changes(
    scratch: ClusterScratch, tmp_path: Path
) -> None:
    scratch.configure(lambda server: server.update(logFormat="json"))
    scratch.up()

    rolled = rolled_under_load(scratch, tmp_path)

    assert rolled.code == 0, rolled.output
    assert "rolled: 3 of 3 pods" in rolled.output
    # Without a load there would be nothing to go wrong.
    assert len(rolled.load.answers) > 10 * rolled.seconds
    assert [each.wrong for each in rolled.load.wrong] == []
    assert len(rolled.leader_changes) == 1
    assert rolled.errors_at_other_times == [], rolled.output
    # The last answers are right: nobody has to start anew.
    assert rolled.load.answers[-1].right


def test_new_keys_of_the_seal_are_rolled_out(scratch: ClusterScratch) -> None:
    def key() -> str:
        secret = core(None).read_namespaced_secret("vault-seal", "vault")
        return base64.b64decode(secret.data["AWS_ACCESS_KEY_ID"]).decode()

    before = key()
    [urn] = [
        each["urn"] for each in _resources(scratch) if each["urn"].endswith("::cloud-unseal-key")
    ]

    replaced = scratch.sourced(
        f"python -m ops tunnel -- pulumi up --yes --skip-preview --non-interactive --replace '{urn}'"
    )
    assert replaced.code == 0, replaced.output
    rolled = scratch.ops("roll")

    assert rolled.code == 0, rolled.output
    assert "rolled: 3 of 3 pods" in rolled.output
    assert key() != before
    # The image's shell has no printenv.
    assert printed_in("vault-0", "sh", "-c", 'echo "$AWS_ACCESS_KEY_ID"') == key()
    until("every pod is ready", lambda: ready("vault") == 3)


def test_a_roll_back_to_an_older_version_is_refused(scratch: ClusterScratch, flavour: str) -> None:
    older = {"openbao": "2.5.0", "vault": "1.18.0"}[flavour]
    current = {"openbao": "2.6.2", "vault": "1.19.0"}[flavour]
    scratch.configure(lambda server: server.update(image={"tag": older}))
    scratch.up()

    refused = scratch.ops("roll")

    scratch.configure(lambda server: server.update(image={"tag": current}))
    scratch.up()
    assert refused.code == 1
    assert "raft can't be downgraded" in refused.output


def test_without_a_tunnel_the_program_names_the_command(scratch: ClusterScratch) -> None:
    ran = scratch.sourced("pulumi preview --non-interactive")

    assert ran.code != 0
    assert "python -m ops tunnel -- pulumi" in ran.output


def test_a_plain_preview_through_the_tunnel_finds_nothing_to_change(
    scratch: ClusterScratch,
) -> None:
    ran = scratch.sourced(
        "python -m ops tunnel -- pulumi preview --non-interactive --expect-no-changes"
    )

    assert ran.code == 0, ran.output


def test_what_is_kept_outlives_a_destroy_and_so_does_what_it_needs(
    scratch: ClusterScratch,
) -> None:
    tunnelled = "python -m ops tunnel -- pulumi"
    yes = "--yes --skip-preview --non-interactive"
    before = {pod.metadata.uid for pod in pods("vault")}
    kept = scratch.sourced(f"pulumi config set strongroom:keep true && {tunnelled} up {yes}")
    assert kept.code == 0, kept.output

    refused = scratch.sourced(f"{tunnelled} destroy --run-program {yes}")
    destroyed = scratch.sourced(f"{tunnelled} destroy --run-program --exclude-protected {yes}")
    left = _resources(scratch)
    assert scratch.sourced("pulumi config set strongroom:keep false").code == 0
    again = scratch.up()

    assert refused.code != 0
    assert "protected" in refused.output
    assert destroyed.code == 0, destroyed.output
    types = {each["type"] for each in left}
    assert {
        "aws:kms/key:Key", "aws:s3/bucket:Bucket", "kubernetes:core/v1:Namespace",
        "kubernetes:helm.sh/v3:Release", "vault:index/mount:Mount",
        "pulumi-python:dynamic/strongroom:Owned", "aws:iam/accessKey:AccessKey",
    } <= types, types  # fmt: skip
    assert not {"vault:index/policy:Policy", "vault:kv/secretV2:SecretV2"} & types
    assert {pod.metadata.uid for pod in pods("vault")} == before
    assert ready("vault") == 3
    # What was taken away is there again.
    assert read_as(scratch, "shop/orders", "kv/shop/orders/mail").code == 0, again.output


def test_make_goes_down_and_up_from_nothing_through_a_tunnel_of_its_own(
    scratch: ClusterScratch,
) -> None:
    """As make does for a stack that is no embedded environment: Pulumi's own command, within the tunnel."""
    make = f"make EMBEDDED= STACK=cluster -o {sys.prefix}/sandbox.stamp VENV={sys.prefix}"
    yes = {"PULUMI_SKIP_CONFIRMATIONS": "true"}

    down = scratch.sourced(f"{make} down", extra=yes)
    gone = core(None).list_namespace(field_selector="metadata.name=vault").items
    preview = scratch.sourced(f"{make} preview", extra=yes)
    up = scratch.sourced(f"{make} up", extra=yes)

    assert down.code == 0, down.output
    assert gone == []
    assert preview.code == 0, preview.output
    assert up.code == 0, up.output
    until("three pods are ready", lambda: ready("vault") == 3)
    assert read_as(scratch, "shop/orders", "kv/shop/orders/mail").code == 0
