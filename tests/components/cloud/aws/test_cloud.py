import json

import pulumi
import pytest

from components.cloud.aws.cloud import AwsCloud
from components.cloud.contract import BucketGrant, Cloud
from tests.components.cloud.aws.world import ACCOUNT, ISSUER, REGION, answers, arguments
from tests.conftest import Declare, Declared

BUCKET = f"strongroom-custody-{ACCOUNT}-dev"
EMULATOR = "http://127.0.0.1:5555"
CREDENTIAL = BucketGrant(
    service="shop/orders",
    name="invoices",
    bucket="invoices",
    access="read",
    rotate_seconds=100,
)


_RUNS: dict[str, Declared] = {}
"""What was declared, by arguments: most tests look at the same run."""


def _declared(declare: Declare, **changes: object) -> Declared:
    asked = repr(sorted(changes.items()))
    if asked not in _RUNS:
        _RUNS[asked] = _run(declare, **changes)
    return _RUNS[asked]


def _run(declare: Declare, **changes: object) -> Declared:
    def program() -> AwsCloud:
        cloud = AwsCloud("cloud", arguments(**changes))
        cloud.application_credentials(CREDENTIAL, now=1000.0)
        return cloud

    return declare(program, outputs=answers)


SEAL_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/cloud-seal-key"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/strongroom-dev"


def _seal(declare: Declare, **changes: object) -> Declared:
    """Export the seal as a server would take it."""

    def program() -> None:
        seal = AwsCloud("cloud", arguments(**changes)).seal
        pulumi.export("stanza", {"kind": seal.kind, **seal.parameters})
        pulumi.export("environment", dict(seal.environment))
        for name, value in seal.secret_environment.items():
            pulumi.export(name, value)
        pulumi.export("annotations", dict(seal.annotations))
        pulumi.export("web_identity", seal.web_identity and vars(seal.web_identity))

    return declare(program, outputs=answers)


def test_it_is_a_cloud_to_the_rest_of_the_program(declare: Declare) -> None:
    def program() -> None:
        cloud: Cloud = AwsCloud("cloud", arguments())
        pulumi.export("custody", vars(cloud.custody))

    assert declare(program, outputs=answers).exports["custody"] == {
        "kind": "aws",
        "region": REGION,
        "endpoint": None,
        "prefix": "",
        "bucket": BUCKET,
        "custody_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/cloud-custody-key",
        "seal_key": SEAL_KEY,
        "writer_role": f"{ROLE}-custody-writer",
        "reader_role": f"{ROLE}-custody-reader",
        "seal_role": f"{ROLE}-vault",
        "seal_credentials": {},
    }


def test_pods_take_a_role_with_a_token_of_their_own(declare: Declare) -> None:
    assert _seal(declare).exports == {
        "stanza": {"kind": "awskms", "region": REGION, "kms_key_id": SEAL_KEY},
        "environment": {"AWS_REGION": REGION},
        "annotations": {"eks.amazonaws.com/role-arn": f"{ROLE}-vault"},
        "web_identity": {"role_arn": f"{ROLE}-vault", "audience": "sts.amazonaws.com"},
    }


def test_pods_are_handed_a_role_by_the_cluster(declare: Declare) -> None:
    declared = _seal(
        declare,
        seal_identity="pod-identity",
        cluster_name="production",
        oidc_provider=None,
        namespace="secure",
        service_account="keeper",
    )

    # With role_arn or a token file in the stanza the server would not ask the agent.
    assert declared.exports == {
        "stanza": {"kind": "awskms", "region": REGION, "kms_key_id": SEAL_KEY},
        "environment": {"AWS_REGION": REGION},
        "annotations": {},
        "web_identity": None,
    }
    assert declared.one("aws:eks/podIdentityAssociation:PodIdentityAssociation") == {
        "clusterName": "production",
        "namespace": "secure",
        "serviceAccount": "keeper",
        "roleArn": f"{ROLE}-vault",
    }
    role = declared.one("aws:iam/role:Role", "cloud-unseal-role")
    [statement] = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/production",
        "aws:RequestTag/kubernetes-namespace": "secure",
        "aws:RequestTag/kubernetes-service-account": "keeper",
    }


def test_a_user_s_key_is_given_as_a_secret_and_known_once_the_user_may_unseal(
    declare: Declare,
) -> None:
    declared = _seal(declare, seal_identity="keys", oidc_provider=None)

    assert declared.exports["AWS_ACCESS_KEY_ID"] == "AKIA-cloud-unseal-key"
    assert declared.exports["AWS_SECRET_ACCESS_KEY"] == "secret of cloud-unseal-key"
    assert declared.secret_exports == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert declared.exports["environment"] == {"AWS_REGION": REGION}
    assert declared.exports["web_identity"] is None
    assert declared.one("aws:iam/user:User")["name"] == "strongroom-dev-seal"
    assert [r for r in declared.all("aws:iam/role:Role") if "custody" not in r.name] == []

    def program() -> None:
        seal = AwsCloud("cloud", arguments(seal_identity="keys")).seal
        pulumi.CustomResource("test:index:Server", "server", {**seal.secret_environment})

    server = declare(program, outputs=answers).resource("test:index:Server")
    assert "cloud-unseal-grant" in server.property_dependencies["AWS_SECRET_ACCESS_KEY"]


def test_a_machine_s_role_needs_nothing_and_is_the_one_that_the_seal_is_proven_as(
    declare: Declare,
) -> None:
    machine = f"arn:aws:iam::{ACCOUNT}:role/machine"

    def program() -> None:
        cloud = AwsCloud(
            "cloud", arguments(seal_identity="instance-profile", instance_role=machine)
        )
        pulumi.export("secret", dict(cloud.seal.secret_environment))
        pulumi.export("proven", cloud.custody.seal_role)

    declared = declare(program, outputs=answers)

    assert declared.exports == {"secret": {}, "proven": machine}
    assert [r.name for r in declared.resources if "unseal" in r.name] == ["cloud-unseal"]


def test_pods_reach_the_emulator_by_an_address_of_their_own(declare: Declare) -> None:
    inside = "http://10.244.0.1:5555"

    def program() -> pulumi.Output[dict[str, str]]:
        cloud = AwsCloud(
            "cloud", arguments(endpoint=EMULATOR, pod_endpoint=inside, seal_identity="keys")
        )
        pulumi.export("seal", cloud.seal.parameters["endpoint"])
        pulumi.export("custody", cloud.custody.endpoint)
        return cloud.application_credentials(CREDENTIAL, now=1000.0)

    declared = declare(program, outputs=answers)

    assert declared.exports == {"seal": inside, "custody": EMULATOR}
    assert declared.result["endpoint"] == inside
    provider = declared.one("pulumi:providers:aws")
    assert inside not in provider["endpoints"]


def test_an_emulator_s_address_is_part_of_seal_and_custody(declare: Declare) -> None:
    def program() -> None:
        cloud = AwsCloud("cloud", arguments(endpoint=EMULATOR))
        pulumi.export("seal", dict(cloud.seal.parameters))
        pulumi.export("custody", cloud.custody.endpoint)

    exports = declare(program, outputs=answers).exports

    assert exports["seal"]["endpoint"] == EMULATOR
    assert exports["custody"] == EMULATOR


def test_nothing_reaches_an_account_that_is_not_meant(declare: Declare) -> None:
    declared = _declared(declare)

    provider = declared.one("pulumi:providers:aws")
    assert json.loads(provider["allowedAccountIds"]) == [ACCOUNT]
    assert provider["region"] == REGION
    assert "endpoints" not in provider
    others = {r.provider for r in declared.resources if r.type.startswith("aws:")}
    assert others == {"cloud-aws"}


def test_an_emulator_serves_everything(declare: Declare) -> None:
    provider = _declared(declare, endpoint=EMULATOR).one("pulumi:providers:aws")

    assert json.loads(provider["endpoints"]) == [
        {"iam": EMULATOR, "kms": EMULATOR, "s3": EMULATOR, "sts": EMULATOR}
    ]
    for name in (
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
    ):
        assert json.loads(provider[name]) is True
    assert "allowedAccountIds" not in provider


def test_no_credential_is_written_into_the_provider(declare: Declare) -> None:
    for endpoint in (None, EMULATOR):
        provider = _declared(declare, endpoint=endpoint).one("pulumi:providers:aws")
        assert not {"accessKey", "secretKey", "token"} & set(provider)


def test_both_keys_rotate_and_stay_recoverable(declare: Declare) -> None:
    keys = _declared(declare, deletion_window_days=14).all("aws:kms/key:Key")

    assert [key.name for key in keys] == ["cloud-custody-key", "cloud-seal-key"]
    for key in keys:
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 14


def test_keys_have_names_for_people(declare: Declare) -> None:
    aliases = _declared(declare).all("aws:kms/alias:Alias")

    assert {alias.inputs["name"]: alias.inputs["targetKeyId"] for alias in aliases} == {
        "alias/strongroom-dev-custody": "cloud-custody-key",
        "alias/strongroom-dev-seal": "cloud-seal-key",
    }


def test_custody_s_bucket_keeps_every_version_and_encrypts_with_custody_s_key(
    declare: Declare,
) -> None:
    declared = _declared(declare)

    versions = declared.one("aws:s3/bucketVersioning:BucketVersioning")
    assert versions == {"bucket": BUCKET, "versioningConfiguration": {"status": "Enabled"}}
    encryption = declared.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    assert encryption["bucket"] == BUCKET
    assert encryption["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/cloud-custody-key",
            },
            "bucketKeyEnabled": True,
        }
    ]
    assert not [r for r in declared.resources if "ifecycle" in r.type]


def test_every_bucket_is_closed_to_the_public(declare: Declare) -> None:
    declared = _declared(declare)
    buckets = {bucket.inputs["bucket"] for bucket in declared.all("aws:s3/bucket:Bucket")}

    closed = declared.all("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    owned = declared.all("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    assert {each.inputs["bucket"] for each in closed} == buckets
    assert {each.inputs["bucket"] for each in owned} == buckets
    for each in closed:
        switches = {name: on for name, on in each.inputs.items() if name != "bucket"}
        assert switches == dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
            True,
        )
    for each in owned:
        assert each.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def _denied(declared: Declared, bucket: str) -> list[str]:
    policies = declared.all("aws:s3/bucketPolicy:BucketPolicy")
    texts = [each.inputs["policy"] for each in policies if each.inputs["bucket"] == bucket]
    return [each["Sid"] for text in texts for each in json.loads(text)["Statement"]]


def test_what_is_denied_on_a_condition_goes_by_its_own_setting(declare: Declare) -> None:
    kept = ["KeepObjects", "KeepVersions"]
    invoices = f"strongroom-{ACCOUNT}-dev-invoices"

    usual = _declared(declare)
    assert _denied(usual, BUCKET) == ["EncryptedTransport", "WriteOnce", *kept]
    assert _denied(usual, invoices) == ["EncryptedTransport"]

    plain = _declared(declare, tls_only=False)
    assert _denied(plain, BUCKET) == ["WriteOnce", *kept]
    assert _denied(plain, invoices) == []

    emulated = _declared(declare, tls_only=False, write_once=False)
    assert _denied(emulated, BUCKET) == kept


@pytest.mark.parametrize("keep", [True, False])
def test_keep_protects_keys_and_buckets_and_nothing_else(declare: Declare, *, keep: bool) -> None:
    declared = _declared(declare, keep=keep)

    protected = {r.name for r in declared.resources if r.protect}
    kept = {
        "cloud-seal-key",
        "cloud-custody-key",
        "cloud-custody-bucket",
        "cloud-bucket-invoices-bucket",
    }
    assert protected == (kept if keep else set())
    for bucket in declared.all("aws:s3/bucket:Bucket"):
        assert bucket.inputs["forceDestroy"] is not keep


def test_a_server_waits_until_pods_may_unseal(declare: Declare) -> None:
    def program() -> None:
        seal = AwsCloud("cloud", arguments()).seal
        pulumi.CustomResource("test:index:Server", "server", {"seal": dict(seal.parameters)})

    server = declare(program, outputs=answers).resource("test:index:Server")

    assert {"cloud-seal-key", "cloud-unseal-grant"} <= server.dependencies


def test_a_bootstrap_waits_until_custody_is_as_it_must_be(declare: Declare) -> None:
    def program() -> None:
        custody = AwsCloud("cloud", arguments()).custody
        pulumi.CustomResource(
            "test:index:Bootstrap",
            "bootstrap",
            {
                "bucket": custody.bucket,
                "writer": custody.writer_role,
                "reader": custody.reader_role,
            },
        )

    bootstrap = declare(program, outputs=answers).resource("test:index:Bootstrap")

    assert {
        "cloud-custody-versions",
        "cloud-custody-encryption",
        "cloud-custody-closed",
        "cloud-custody-owned",
        "cloud-custody-policy",
    } <= bootstrap.property_dependencies["bucket"]
    assert "cloud-custody-writer-grant" in bootstrap.property_dependencies["writer"]
    assert "cloud-custody-reader-grant" in bootstrap.property_dependencies["reader"]


def test_one_service_account_takes_the_pods_role(declare: Declare) -> None:
    declared = _declared(declare, namespace="secure", service_account="keeper")

    role = declared.one("aws:iam/role:Role", "cloud-unseal-role")
    [statement] = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Principal"]["Federated"] == (f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")
    assert statement["Condition"]["StringEquals"] == {
        f"{ISSUER}:sub": "system:serviceaccount:secure:keeper",
        f"{ISSUER}:aud": "sts.amazonaws.com",
    }


def test_custody_s_roles_are_taken_by_those_named_or_left_to_the_account(
    declare: Declare,
) -> None:
    writer = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
    declared = _declared(declare, writers=(writer,))

    def principal(role: str) -> list[str]:
        trust = json.loads(declared.one("aws:iam/role:Role", role)["assumeRolePolicy"])
        return list(trust["Statement"][0]["Principal"]["AWS"])

    assert principal("cloud-custody-writer-role") == [writer]
    assert principal("cloud-custody-reader-role") == [f"arn:aws:iam::{ACCOUNT}:root"]


def test_what_policies_refer_to_is_named_and_never_automatically(declare: Declare) -> None:
    declared = _declared(declare)

    for kind, field in (
        ("aws:iam/role:Role", "name"),
        ("aws:iam/user:User", "name"),
        ("aws:iam/rolePolicy:RolePolicy", "name"),
        ("aws:iam/userPolicy:UserPolicy", "name"),
        ("aws:kms/alias:Alias", "name"),
        ("aws:s3/bucket:Bucket", "bucket"),
    ):
        found = [resource.inputs[field] for resource in declared.all(kind)]
        assert found
        assert all(found)


def test_a_first_preview_knows_what_is_declared(declare: Declare) -> None:
    def program() -> pulumi.Output[dict[str, str]]:
        cloud = AwsCloud("cloud", arguments())
        return cloud.application_credentials(CREDENTIAL, now=1000.0)

    declared = declare(program, preview=True)

    key = declared.one("aws:kms/key:Key", "cloud-seal-key")
    assert json.loads(key["policy"])["Statement"]
    user = declared.one("aws:iam/userPolicy:UserPolicy", "cloud-shop.orders.invoices-even-grant")
    assert json.loads(user["policy"])["Statement"]
    assert declared.result_is_secret
