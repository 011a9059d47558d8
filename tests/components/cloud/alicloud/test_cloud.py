"""What is declared for Alibaba Cloud, and what servers and the bootstrap are told of it."""

import json
from typing import Any

import pulumi
import pytest

from catalog.model import CREDENTIAL_FIELDS
from components.cloud.alicloud.cloud import AlicloudCloud
from components.cloud.contract import BucketGrant, Cloud
from tests.components.cloud.alicloud.world import ACCOUNT, NOW, REGION, answers, arguments
from tests.conftest import Declare, Declared, Resource

BUCKET = f"strongroom-custody-{ACCOUNT}-prod"
ROLE = f"acs:ram::{ACCOUNT}:role/strongroom-prod"
KEY = "alicloud:kms/key:Key"
ACCESS_KEY = "alicloud:ram/accessKey:AccessKey"
GRANT = BucketGrant(
    service="shop/orders", name="invoices", bucket="invoices", access="read", rotate_seconds=100
)
DAY = 86_400


def _declared(declare: Declare, **changes: Any) -> Declared:
    def program() -> pulumi.Output[dict[str, str]]:
        cloud = AlicloudCloud("cloud", arguments(**changes))
        return cloud.application_credentials(GRANT, now=1050.0)

    return declare(program, outputs=answers)


def _seal(declare: Declare, **changes: Any) -> Declared:
    """Export the seal as a server would take it."""

    def program() -> None:
        cloud = AlicloudCloud("cloud", arguments(**changes))
        seal = cloud.seal
        pulumi.export("stanza", {"kind": seal.kind, **seal.parameters})
        pulumi.export("environment", dict(seal.environment))
        for name, value in seal.secret_environment.items():
            pulumi.export(name, value)
        pulumi.export("web_identity", seal.web_identity)
        pulumi.export("proven as", cloud.custody.seal_role)

    return declare(program, outputs=answers)


def test_it_is_a_cloud_to_the_rest_of_the_program(declare: Declare) -> None:
    def program() -> None:
        cloud: Cloud = AlicloudCloud("cloud", arguments())
        pulumi.export("custody", vars(cloud.custody))

    custody = declare(program, outputs=answers).exports["custody"]

    assert custody.pop("seal_credentials").keys() == {"ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"}
    assert custody == {
        "kind": "alicloud",
        "region": REGION,
        "endpoint": None,
        "prefix": "",
        "bucket": BUCKET,
        "custody_key": "key-cloud-custody-key",
        "seal_key": "key-cloud-seal-key",
        "writer_role": f"{ROLE}-custody-writer",
        "reader_role": f"{ROLE}-custody-reader",
        "seal_role": None,
    }


def test_servers_unseal_with_a_user_s_key_which_is_a_secret(declare: Declare) -> None:
    declared = _seal(declare)

    assert declared.exports == {
        "stanza": {"kind": "alicloudkms", "region": REGION, "kms_key_id": "key-cloud-seal-key"},
        "environment": {"ALICLOUD_REGION": REGION},
        "ALICLOUD_ACCESS_KEY": "LTAI-cloud-unseal-key-100",
        "ALICLOUD_SECRET_KEY": "secret of cloud-unseal-key-100",
        "web_identity": None,
        "proven as": None,
    }
    assert declared.secret_exports == {"ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"}


def test_or_take_a_role_with_that_key(declare: Declare) -> None:
    declared = _seal(declare, seal_identity="assumed-role")

    assert declared.exports["environment"] == {
        "ALICLOUD_REGION": REGION,
        "ALICLOUD_ROLE_ARN": f"{ROLE}-vault",
        "ALICLOUD_ROLE_SESSION_NAME": "vault",
    }
    assert declared.secret_exports == {"ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"}
    assert declared.exports["proven as"] == f"{ROLE}-vault"


def test_or_have_the_machines_role_and_no_secret(declare: Declare) -> None:
    declared = _seal(declare, seal_identity="instance-role", instance_role="worker")

    assert declared.exports["environment"] == {
        "ALICLOUD_REGION": REGION,
        "ALICLOUD_ROLE_NAME": "worker",
    }
    assert declared.secret_exports == frozenset()
    assert declared.all(ACCESS_KEY) == []


def test_within_a_vpc_the_seal_asks_the_vpc_s_own_address(declare: Declare) -> None:
    stanza = _seal(declare, network="vpc").exports["stanza"]

    assert stanza["domain"] == f"kms-vpc.{REGION}.aliyuncs.com"


def test_the_seal_s_key_takes_turns_between_two_users(declare: Declare) -> None:
    def keys(now: float) -> dict[str, str]:
        declared = _seal(declare, now=now)
        return {each.name: each.inputs["userName"] for each in declared.all(ACCESS_KEY)}

    user, name = "strongroom-prod-seal", "cloud-unseal-key"
    assert keys(NOW) == {f"{name}-99": f"{user}-odd", f"{name}-100": f"{user}-even"}
    assert keys(NOW + 9 * DAY) == keys(NOW)
    assert keys(NOW + 10 * DAY) == {f"{name}-100": f"{user}-even", f"{name}-101": f"{user}-odd"}


def test_a_server_waits_until_it_may_unseal(declare: Declare) -> None:
    def waits_for(**changes: Any) -> frozenset[str]:
        def program() -> None:
            seal = AlicloudCloud("cloud", arguments(**changes)).seal
            pulumi.CustomResource("test:index:Server", "server", {"seal": dict(seal.parameters)})

        return declare(program, outputs=answers).resource("test:index:Server").dependencies

    assert {"cloud-seal-key", "cloud-unseal-even-attached"} <= waits_for()
    assert "cloud-unseal-attached" in waits_for(seal_identity="assumed-role")
    machine = {"seal_identity": "instance-role", "instance_role": "worker"}
    assert "cloud-unseal-attached" in waits_for(**machine)


def test_a_bootstrap_waits_until_custody_is_as_it_must_be(declare: Declare) -> None:
    def program() -> None:
        custody = AlicloudCloud("cloud", arguments()).custody
        properties = {"bucket": custody.bucket, "writer": custody.writer_role}
        pulumi.CustomResource("test:index:Bootstrap", "bootstrap", properties)

    bootstrap = declare(program, outputs=answers).resource("test:index:Bootstrap")

    assert {
        f"cloud-custody-{part}"
        for part in ("versions", "encryption", "closed", "acl", "tls", "policy")
    } <= bootstrap.property_dependencies["bucket"]
    assert "cloud-custody-writer-attached" in bootstrap.property_dependencies["writer"]


@pytest.mark.parametrize("keep", [True, False])
def test_keys_rotate_stay_recoverable_and_are_guarded_while_they_are_kept(
    declare: Declare, *, keep: bool
) -> None:
    keys = _declared(declare, keep=keep, deletion_window_days=14).all(KEY)

    assert [each.name for each in keys] == ["cloud-custody-key", "cloud-seal-key"]
    for each in keys:
        assert each.inputs["automaticRotation"] == "Enabled"
        assert each.inputs["rotationInterval"] == "365d"
        assert each.inputs["pendingWindowInDays"] == 14
        assert each.inputs["deletionProtection"] == ("Enabled" if keep else "Disabled")
        assert each.protect is keep
        assert "dkmsInstanceId" not in each.inputs


def test_keys_of_an_instance_rotate_as_they_are_told_and_hardware_s_do_not(
    declare: Declare,
) -> None:
    instance = {"kms_instance": "kst-a", "key_rotation_days": 90}
    soft = _declared(declare, **instance).all(KEY)
    hard = _declared(declare, kms_instance="kst-a", kms_protection="hardware").all(KEY)

    assert {each.inputs["dkmsInstanceId"] for each in (*soft, *hard)} == {"kst-a"}
    assert {each.inputs["rotationInterval"] for each in soft} == {"90d"}
    for each in hard:
        assert each.inputs["protectionLevel"] == "HSM"
        assert each.inputs["automaticRotation"] == "Disabled"
        assert "rotationInterval" not in each.inputs


def test_every_bucket_is_private_encrypted_https_only_and_closed_to_the_public(
    declare: Declare,
) -> None:
    declared = _declared(declare)
    buckets = {BUCKET, f"strongroom-{ACCOUNT}-prod-invoices"}

    def by_bucket(kind: str, field: str) -> dict[str, Any]:
        token = f"alicloud:oss/{kind}:{kind[0].upper()}{kind[1:]}"
        return {each.inputs["bucket"]: each.inputs[field] for each in declared.all(token)}

    assert by_bucket("bucketAcl", "acl") == dict.fromkeys(buckets, "private")
    assert by_bucket("bucketPublicAccessBlock", "blockPublicAccess") == dict.fromkeys(buckets, True)
    assert by_bucket("bucketServerSideEncryption", "sseAlgorithm") == dict.fromkeys(
        buckets, "AES256"
    )
    assert by_bucket("bucketHttpsConfig", "enable") == dict.fromkeys(buckets, True)
    assert by_bucket("bucketVersioning", "status") == {BUCKET: "Enabled"}
    for text in by_bucket("bucketPolicy", "policy").values():
        assert json.loads(text)["Statement"][0]["Condition"] == {
            "Bool": {"acs:SecureTransport": ["false"]}
        }


def test_nothing_expires_in_custody(declare: Declare) -> None:
    for bucket in _declared(declare).all("alicloud:oss/bucket:Bucket"):
        assert "lifecycleRules" not in bucket.inputs


@pytest.mark.parametrize("keep", [True, False])
def test_keep_protects_keys_and_buckets_and_spares_what_lies_in_them(
    declare: Declare, *, keep: bool
) -> None:
    declared = _declared(declare, keep=keep)

    protected = {each.name for each in declared.resources if each.protect}
    kept = {"cloud-seal-key", "cloud-custody-key", "cloud-custody-bucket"}
    assert protected == (kept | {"cloud-bucket-invoices-bucket"} if keep else set())
    for bucket in declared.all("alicloud:oss/bucket:Bucket"):
        assert bucket.inputs["forceDestroy"] is not keep


def test_a_service_gets_the_key_of_this_period_by_the_names_that_the_catalogue_knows(
    declare: Declare,
) -> None:
    declared = _declared(declare)

    assert declared.result_is_secret
    assert set(declared.result) == set(CREDENTIAL_FIELDS)
    assert declared.result == {
        "bucket": f"strongroom-{ACCOUNT}-prod-invoices",
        "region": REGION,
        "access_key_id": "LTAI-cloud-shop.orders.invoices-key-10",
        "secret_access_key": "secret of cloud-shop.orders.invoices-key-10",
    }


def test_the_secret_of_a_key_is_secret_wherever_it_goes(declare: Declare) -> None:
    keys = _declared(declare).all(ACCESS_KEY)

    assert len(keys) == 4
    assert all("secret" in each.secret_outputs for each in keys)


def test_a_service_s_key_is_handed_out_once_its_user_may_use_it(declare: Declare) -> None:
    def program() -> None:
        cloud = AlicloudCloud("cloud", arguments())
        fields = cloud.application_credentials(GRANT, now=1050.0)
        pulumi.CustomResource("test:index:Reader", "reader", {"fields": fields})

    reader = declare(program, outputs=answers).resource("test:index:Reader")

    assert reader.secrets == {"fields"}
    assert {
        "cloud-shop.orders.invoices-key-10",
        "cloud-shop.orders.invoices-even-attached",
        "cloud-bucket-invoices-closed",
        "cloud-bucket-invoices-policy",
    } <= reader.dependencies


def test_everything_is_of_the_account_that_is_meant_and_no_credential_is_written(
    declare: Declare,
) -> None:
    declared = _declared(declare)

    provider = declared.one("pulumi:providers:alicloud")
    assert (provider["region"], provider["accountId"]) == (REGION, ACCOUNT)
    assert not {"accessKey", "secretKey", "securityToken"} & set(provider)
    others = {each.provider for each in declared.resources if each.type.startswith("alicloud:")}
    assert others == {"cloud-alicloud"}


def test_another_account_s_credentials_stop_the_run(declare: Declare) -> None:
    def of_another(resource: Resource) -> dict[str, Any]:
        return {
            name: value.replace(ACCOUNT, "6543210987654321") if isinstance(value, str) else value
            for name, value in answers(resource).items()
        }

    with pytest.raises(Exception, match=f"cloud.accountId is {ACCOUNT}, and the credentials"):
        declare(lambda: AlicloudCloud("cloud", arguments()), outputs=of_another)


def test_what_policies_refer_to_is_named_and_never_automatically(declare: Declare) -> None:
    declared = _declared(declare, cluster_id="c0")

    for kind, name in (
        ("alicloud:ram/role:Role", "roleName"),
        ("alicloud:ram/user:User", "name"),
        ("alicloud:ram/policy:Policy", "policyName"),
        ("alicloud:kms/alias:Alias", "aliasName"),
        ("alicloud:oss/bucket:Bucket", "bucket"),
    ):
        found = [each.inputs[name] for each in declared.all(kind)]
        assert found
        assert all(found)
        assert len(set(found)) == len(found)


def test_a_policy_is_changed_however_often(declare: Declare) -> None:
    for policy in _declared(declare).all("alicloud:ram/policy:Policy"):
        assert policy.inputs["rotateStrategy"] == "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def test_a_first_preview_knows_what_is_declared(declare: Declare) -> None:
    def program() -> pulumi.Output[dict[str, str]]:
        cloud = AlicloudCloud("cloud", arguments())
        return cloud.application_credentials(GRANT, now=1000.0)

    declared = declare(program, preview=True)

    user = declared.one("alicloud:ram/policy:Policy", "cloud-shop.orders.invoices-even-grant")
    assert json.loads(user["policyDocument"])["Statement"]
    assert declared.result_is_secret
