"""Alibaba Cloud in the settings: what is taken, what is refused and why, and what the components are told."""

from pathlib import Path

import pytest

from components.cloud.alicloud.arguments import AlicloudCloudArgs
from components.cloud.aws.arguments import AwsCloudArgs
from settings.alicloud import Alicloud
from settings.clouds import cloud_of
from settings.helm import Helm
from settings.server import Processes
from tests.settings.project import HELM, STACK, Project, edited

AWS = STACK[STACK.index("    kind: aws\n") : STACK.index("  strongroom:custody:")]
CLOUD = """\
    kind: alicloud
    region: eu-central-1
    accountId: "1234567890123456"
"""
RRSA = (
    "is rrsa, which can't be: Vault's alicloudkms seal takes no OIDC token;"
    " write keys (rotated), assumed-role or instance-role"
)


def _project(tmp_path: Path, more: str = "", stack: str = STACK) -> Project:
    project = Project(tmp_path)
    project.stack = edited(stack, [(AWS, CLOUD + more)])
    return project


def test_what_is_not_said_is_safe(tmp_path: Path) -> None:
    settings, _ = _project(tmp_path).read()

    assert isinstance(settings.cloud, Alicloud)
    assert settings.cloud.seal_identity == "keys"
    assert (settings.cloud.seal_key_days, settings.cloud.key_rotation_days) == (90, 365)
    assert (settings.cloud.kms_instance, settings.cloud.network) == (None, "public")
    assert settings.cloud.is_emulator is False


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("    sealIdentity: rrsa\n", f"sealIdentity {RRSA}"),
        (
            "    sealIdentity: pod\n",
            (
                "sealIdentity has a value that isn't known here;"
                " write keys or assumed-role or instance-role"
            ),
        ),
        (
            "    sealIdentity: instance-role\n",
            "instanceRole is missing with sealIdentity instance-role; write the machines' role",
        ),
        (
            "    instanceRole: worker\n",
            "instanceRole means nothing with sealIdentity keys; delete it",
        ),
        (
            "    sealIdentity: instance-role\n    instanceRole: worker\n    sealKeyDays: 30\n",
            "sealKeyDays means nothing with sealIdentity instance-role; delete it",
        ),
        (
            "    kmsProtection: hardware\n",
            "kmsProtection means nothing without kmsInstance; write kmsInstance",
        ),
        (
            "    keyRotationDays: 30\n",
            (
                "keyRotationDays is another than 365, which is how often shared keys rotate;"
                " delete it, or write kmsInstance"
            ),
        ),
        (
            "    kmsInstance: kst-a\n    kmsProtection: hardware\n    keyRotationDays: 30\n",
            (
                "keyRotationDays means nothing for a hardware instance, whose keys do not rotate;"
                " delete it"
            ),
        ),
        (
            "    programServiceAccount: ci/strongroom\n",
            "programServiceAccount means nothing without clusterId; write the cluster's id",
        ),
        ("    endpoint: http://127.0.0.1:1\n", "endpoint is unknown; delete it"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(tmp_path: Path, more: str, says: str) -> None:
    (mistake,) = _project(tmp_path, more).mistakes()

    assert f"strongroom:cloud.{says}" in mistake


def test_custody_is_taken_by_arns_of_its_own_cloud(tmp_path: Path) -> None:
    named = edited(
        STACK, [("    recoveryShares: 5\n", "    recoveryShares: 5\n    writers: [ARN]\n")]
    )
    ours, theirs = "acs:ram::1234567890123456:role/pipeline", "arn:aws:iam::123456789012:root"

    assert _project(tmp_path, stack=named.replace("ARN", ours)).mistakes() == []
    (foreign,) = _project(tmp_path, stack=named.replace("ARN", theirs)).mistakes()
    assert "custody.writers[0] is an ARN of another cloud than alicloud" in foreign
    aws = Project(tmp_path)
    aws.stack = named.replace("ARN", ours)
    (foreign,) = aws.mistakes()
    assert "write one that begins with arn:aws" in foreign


def test_a_service_s_bucket_is_not_custody_s(tmp_path: Path) -> None:
    bucket = "    bucket: strongroom-1234567890123456-dev-invoices\n"

    (mistake,) = _project(tmp_path, bucket).mistakes()

    assert "bucket invoices is called strongroom-1234567890123456-dev-invoices" in mistake


def test_components_are_told_of_the_cloud_that_is_said(tmp_path: Path) -> None:
    more = "    kmsInstance: kst-a\n    network: vpc\n    clusterId: c0\n"
    settings, _ = _project(tmp_path, more, HELM).read()
    aws, _ = Project(tmp_path).read()

    assert isinstance(settings.server, Helm)
    assert isinstance(aws.server, Processes)
    given = cloud_of(settings, settings.server, "dev", now=5.0)

    assert isinstance(given, AlicloudCloudArgs)
    assert (given.kms_instance, given.network, given.cluster_id) == ("kst-a", "vpc", "c0")
    assert (given.stack, given.now, given.keep) == ("dev", 5.0, True)
    assert isinstance(cloud_of(aws, aws.server, "dev", now=5.0), AwsCloudArgs)


@pytest.mark.parametrize(
    ("migration", "releases"),
    [
        ("", None),
        ("{kind: shamir}\n  strongroom:formerSeal: {kind: alicloudkms}\n", "recovery"),
        ("{kind: alicloudkms}\n  strongroom:formerSeal: {kind: shamir}\n", "unseal"),
    ],
)
def test_the_cloud_is_told_which_keys_lose_their_role_in_a_migration(
    migration: str, releases: str | None, tmp_path: Path
) -> None:
    said = f"{HELM}  strongroom:seal: {migration}" if migration else HELM
    settings, _ = _project(tmp_path, stack=said).read()
    assert isinstance(settings.server, Helm)

    given = cloud_of(settings, settings.server, "dev", now=5.0)

    assert isinstance(given, AlicloudCloudArgs)
    assert given.releases == releases
