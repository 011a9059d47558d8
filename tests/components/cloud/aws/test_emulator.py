"""The emulator takes what is declared, and its IAM draws the same lines with it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from components.cloud.aws.cloud import AwsCloud
from components.cloud.contract import BucketGrant
from tests.components.cloud.aws.world import REGION, answers, arguments
from tests.conftest import Declare, Declared
from tests.real.emulator import Emulator, running_emulator

pytestmark = pytest.mark.real

CUSTODY = "strongroom-custody-123456789012-dev"
INVOICES = "strongroom-123456789012-dev-invoices"
ROLE = "strongroom-dev-custody"
USER = "strongroom-dev-shop.orders.invoices-even"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def declared(declare: Declare) -> Declared:
    def program() -> None:
        AwsCloud("cloud", arguments()).application_credentials(
            BucketGrant(
                service="shop/orders",
                name="invoices",
                bucket="invoices",
                access="read",
                rotate_seconds=100,
            ),
            now=1000.0,
        )

    return declare(program, outputs=answers)


@dataclass(frozen=True, kw_only=True)
class Account:
    """The emulator's account with everything in it that was declared, but for bucket policies."""

    emulator: Emulator
    declared: Declared

    def make(self) -> None:
        """Send every declared document to the emulator, which checks it."""
        kms, s3, iam = (self.emulator.client(service) for service in ("kms", "s3", "iam"))
        for key in self.declared.all("aws:kms/key:Key"):
            made = kms.create_key(Description=key.inputs["description"])["KeyMetadata"]["KeyId"]
            kms.put_key_policy(KeyId=made, PolicyName="default", Policy=key.inputs["policy"])
            kms.enable_key_rotation(KeyId=made)
        for bucket in self.declared.all("aws:s3/bucket:Bucket"):
            s3.create_bucket(
                Bucket=bucket.inputs["bucket"],
                CreateBucketConfiguration={"LocationConstraint": REGION},
            )
        for versions in self.declared.all("aws:s3/bucketVersioning:BucketVersioning"):
            status = versions.inputs["versioningConfiguration"]["status"]
            s3.put_bucket_versioning(
                Bucket=versions.inputs["bucket"], VersioningConfiguration={"Status": status}
            )
        for role in self.declared.all("aws:iam/role:Role"):
            trust = role.inputs["assumeRolePolicy"]
            name = role.inputs["name"]
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            # Unlike create_role, this one checks the document.
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        for grant in self.declared.all("aws:iam/rolePolicy:RolePolicy"):
            iam.put_role_policy(
                RoleName=grant.inputs["role"],
                PolicyName=grant.inputs["name"],
                PolicyDocument=grant.inputs["policy"],
            )
        for user in self.declared.all("aws:iam/user:User"):
            iam.create_user(UserName=user.inputs["name"])
        for grant in self.declared.all("aws:iam/userPolicy:UserPolicy"):
            iam.put_user_policy(
                UserName=grant.inputs["user"],
                PolicyName=grant.inputs["name"],
                PolicyDocument=grant.inputs["policy"],
            )

    def of_role(self, name: str) -> Any:
        """Give an S3 client of somebody who has taken a role."""
        sts = self.emulator.client("sts")
        arn = f"arn:aws:iam::123456789012:role/{name}"
        session = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return self._s3(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])

    def of_user(self, name: str) -> Any:
        """Give an S3 client with a user's access key."""
        key = self.emulator.client("iam").create_access_key(UserName=name)["AccessKey"]
        return self._s3(key["AccessKeyId"], key["SecretAccessKey"])

    def _s3(self, key: str, secret: str, token: str | None = None) -> Any:
        return boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=self.emulator.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    @contextlib.contextmanager
    def enforced(self) -> Iterator[None]:
        """Let the emulator check every caller's policies."""
        self._unchecked_calls("0")
        try:
            yield
        finally:
            self._unchecked_calls("inf")

    def _unchecked_calls(self, number: str) -> None:
        _tell(self.emulator, "reset-auth", number)


def _tell(emulator: Emulator, what: str, value: str = "") -> None:
    """Call the emulator's own interface."""
    address = f"{emulator.endpoint}/moto-api/{what}"
    headers = {"Content-Type": "text/plain"}  # else the body is taken for a form and lost
    answer = urllib3.request("POST", address, body=value, headers=headers)
    assert answer.status == HTTPStatus.OK


@pytest.fixture
def account(emulator: Emulator, declared: Declared) -> Iterator[Account]:
    account = Account(emulator=emulator, declared=declared)
    account.make()
    yield account
    _tell(emulator, "reset")


def _refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        # A bucket policy's denial has no body there, so no name.
        if error.response["Error"]["Code"] not in ("AccessDenied", "403"):
            raise
        return True
    return False


def test_every_declared_document_is_taken(account: Account) -> None:
    s3 = account.emulator.client("s3")
    for policy in account.declared.all("aws:s3/bucketPolicy:BucketPolicy"):
        s3.put_bucket_policy(Bucket=policy.inputs["bucket"], Policy=policy.inputs["policy"])

    policies = [s3.get_bucket_policy(Bucket=bucket)["Policy"] for bucket in (CUSTODY, INVOICES)]
    assert len(account.emulator.client("iam").list_roles()["Roles"]) == 3
    assert all(policies)


def test_what_stays_is_kept_by_the_emulator_too_and_what_must_go_goes(
    account: Account, declare: Declare
) -> None:
    """With the settings of the embedded environment; nobody's IAM is asked, so this is the bucket's policy."""
    embedded = declare(
        lambda: AwsCloud("cloud", arguments(tls_only=False, write_once=False)), outputs=answers
    )
    s3 = account.emulator.client("s3")
    s3.put_bucket_policy(
        Bucket=CUSTODY, Policy=embedded.one("aws:s3/bucketPolicy:BucketPolicy")["policy"]
    )
    names = ["vault-root", "vault-test", "strongroom-envelope"]
    kept = ["vault-recovery-0", "vault-recovery-12", "strongroom-intent", "strongroom-owner"]
    version = {
        name: s3.put_object(Bucket=CUSTODY, Key=name, Body=b"1", IfNoneMatch="*")["VersionId"]
        for name in (*names, *kept)
    }

    for name in kept:
        assert _refused(
            lambda: s3.delete_object(Bucket=CUSTODY, Key=name, VersionId=version[name])  # noqa: B023
        )
        assert _refused(lambda: s3.delete_object(Bucket=CUSTODY, Key=name))  # noqa: B023
        assert s3.get_object(Bucket=CUSTODY, Key=name)["Body"].read() == b"1"
    s3.delete_object(Bucket=CUSTODY, Key="strongroom-envelope")
    for name in ("vault-root", "vault-test"):
        s3.delete_object(Bucket=CUSTODY, Key=name, VersionId=version[name])
    left = s3.list_object_versions(Bucket=CUSTODY)["Versions"]
    assert {each["Key"] for each in left} == {*kept, "strongroom-envelope"}


def test_writer_puts_lists_and_clears_what_it_may_and_reads_nothing(account: Account) -> None:
    writer = account.of_role(f"{ROLE}-writer")
    with account.enforced():
        for name in ("vault-root", "vault-recovery-0"):
            writer.put_object(Bucket=CUSTODY, Key=name, Body=b"1", IfNoneMatch="*")
        writer.list_objects_v2(Bucket=CUSTODY)
        versions = writer.list_object_versions(Bucket=CUSTODY)["Versions"]
        version = {each["Key"]: each["VersionId"] for each in versions}

        def clears(name: str) -> Callable[[], object]:
            return lambda: writer.delete_object(Bucket=CUSTODY, Key=name, VersionId=version[name])

        assert not _refused(clears("vault-root"))
        assert _refused(clears("vault-recovery-0"))
        assert _refused(lambda: writer.delete_object(Bucket=CUSTODY, Key="vault-recovery-0"))
        assert _refused(lambda: writer.get_object(Bucket=CUSTODY, Key="vault-recovery-0"))


def test_reader_gets_and_writes_nothing(account: Account) -> None:
    account.emulator.client("s3").put_object(Bucket=CUSTODY, Key="vault-recovery-0", Body=b"1")
    reader = account.of_role(f"{ROLE}-reader")
    with account.enforced():
        got = reader.get_object(Bucket=CUSTODY, Key="vault-recovery-0")["Body"].read()
        reader.list_objects_v2(Bucket=CUSTODY)

        assert got == b"1"
        assert _refused(lambda: reader.put_object(Bucket=CUSTODY, Key="new", Body=b"2"))
        assert _refused(lambda: reader.delete_object(Bucket=CUSTODY, Key="vault-recovery-0"))


def test_pods_see_no_bucket(account: Account) -> None:
    pods = account.of_role("strongroom-dev-vault")
    with account.enforced():
        for bucket in (CUSTODY, INVOICES):
            assert _refused(lambda bucket=bucket: pods.list_objects_v2(Bucket=bucket))  # type: ignore[misc]


def test_a_service_reads_its_bucket_and_not_custody(account: Account) -> None:
    account.emulator.client("s3").put_object(Bucket=INVOICES, Key="2026/1", Body=b"due")
    orders = account.of_user(USER)
    with account.enforced():
        got = orders.get_object(Bucket=INVOICES, Key="2026/1")["Body"].read()

        assert got == b"due"
        assert _refused(lambda: orders.put_object(Bucket=INVOICES, Key="2026/2", Body=b"2"))
        assert _refused(lambda: orders.list_objects_v2(Bucket=CUSTODY))
