"""What every stand-in does alike: refusals, names, secrets, its process."""

import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from hvac import Client
from pulumi.runtime.proto import provider_pb2, status_pb2

from components.server import spawn
from sandbox.plugins import install
from sandbox.plugins.values import UNKNOWN
from tests.sandbox.plugins.driver import SECRET, Driver, refusal
from tests.sandbox.plugins.samples_aws import of

pytestmark = pytest.mark.real
POLICY = "vault:index/policy:Policy"
KEY = "aws:iam/accessKey:AccessKey"


def test_a_type_that_the_table_lacks_is_refused(vault_driver: Driver) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        vault_driver.check("vault:ssh/secretBackendRole:SecretBackendRole", {})
    assert "vault:ssh/secretBackendRole:SecretBackendRole" in refusal(caught.value)
    assert "\n" not in refusal(caught.value)


def test_a_property_that_the_table_lacks_is_refused_by_name(vault_driver: Driver) -> None:
    _, failures = vault_driver.check(POLICY, {"name": "x", "policy": "", "allowOverwrite": True})
    assert failures == [f"{POLICY} of the sandbox has no property 'allowOverwrite'"]


def test_an_output_is_no_input(aws_driver: Driver) -> None:
    _, failures = aws_driver.check(KEY, {"user": "ada", "secret": "x"})
    assert failures == [f"{KEY} of the sandbox has no property 'secret'"]


def test_a_field_inside_a_property_is_refused_by_its_path(aws_driver: Driver) -> None:
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    rules = [{"status": "Enabled", "filter": {"tag": {}}, "expiration": {"days": 1}}]
    _, failures = aws_driver.check(token, {"bucket": "b", "rules": rules})
    assert failures == [f"{token} of the sandbox has no property 'rules.filter.tag'"]


def test_a_setting_that_the_provider_lacks_is_refused(vault_driver: Driver) -> None:
    failures = vault_driver.check_config({"address": "https://x", "headers": "[]", "version": "7"})
    assert failures == ["provider vault of the sandbox has no setting 'headers'"]


def test_what_has_no_name_is_named_after_its_resource_and_keeps_its_name(
    vault_driver: Driver,
) -> None:
    first, _ = vault_driver.check(POLICY, {"policy": "x"})
    second, _ = vault_driver.check(POLICY, {"policy": "y"})
    assert first["name"].startswith("example-")
    assert len(first["name"]) == len("example-") + 7
    assert second["name"] == first["name"]


def test_an_unknown_input_is_a_change_and_of_an_immutable_property_a_replacement(
    vault_driver: Driver,
) -> None:
    state = {"name": "a", "policy": "x"}
    assert vault_driver.diff(POLICY, state, {"name": "a", "policy": UNKNOWN}) == ({"policy"}, set())
    assert vault_driver.diff(POLICY, state, {"name": UNKNOWN, "policy": "x"}) == (
        {"name"},
        {"name"},
    )


def test_a_function_that_the_table_lacks_is_refused(vault_driver: Driver) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        vault_driver.invoke("vault:generic/getSecret:getSecret", {"path": "secret/x"})
    assert "vault:generic/getSecret:getSecret" in refusal(caught.value)


def test_the_caller_is_told(aws_driver: Driver) -> None:
    token = "aws:index/getCallerIdentity:getCallerIdentity"
    assert aws_driver.invoke(token, {})["accountId"] == "123456789012"


def test_an_access_keys_secret_is_marked_secret(
    aws_driver: Driver, cloud: Any, suffix: str
) -> None:
    of(cloud, "iam").create_user(UserName=f"marked-{suffix}")
    answer = aws_driver.created_bare(KEY, {"user": f"marked-{suffix}"})
    assert SECRET in answer.properties.fields["secret"].struct_value.fields


def test_a_write_only_password_works_is_not_in_the_state_and_alone_is_no_change(
    vault_driver: Driver, bao: Client, vault_address: str, suffix: str
) -> None:
    token = "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser"
    bao.sys.enable_auth_method("userpass", path=f"people-{suffix}")
    inputs = {
        "mount": f"people-{suffix}",
        "username": "ada",
        "passwordWo": f"first-{suffix}",
        "passwordWoVersion": 1,
    }
    identity, state = vault_driver.create(token, inputs)
    assert f"first-{suffix}" not in str(state)
    other = {**inputs, "passwordWo": f"second-{suffix}"}
    assert vault_driver.diff(token, state, other) == (set(), set())
    renewed = {**other, "passwordWoVersion": 2}
    assert vault_driver.diff(token, state, renewed) == ({"passwordWoVersion"}, set())
    state = vault_driver.update(token, identity, state, renewed)
    assert f"second-{suffix}" not in str(state)
    login = Client(url=vault_address)
    login.auth.userpass.login("ada", f"second-{suffix}", mount_point=f"people-{suffix}")
    assert login.is_authenticated()


def test_a_value_changed_in_vault_is_no_drift_of_a_secret(
    vault_driver: Driver, bao: Client, suffix: str
) -> None:
    token = "vault:kv/secretV2:SecretV2"
    inputs = {"mount": "secret", "name": f"shop/{suffix}", "dataJson": '{"a": "1"}'}
    identity, state = vault_driver.create(token, inputs)
    assert state["metadata"]["version"] == "1"
    bao.secrets.kv.v2.create_or_update_secret(f"shop/{suffix}", {"a": "tampered"})
    _, read, _ = vault_driver.read(token, identity, state, inputs)
    assert read["metadata"]["version"] == "2"
    assert "tampered" not in str(read)
    assert vault_driver.diff(token, read, inputs) == (set(), set())


def test_a_bucket_that_is_not_empty_is_not_deleted_unless_so_declared(
    aws_driver: Driver, cloud: Any, suffix: str
) -> None:
    token, name = "aws:s3/bucket:Bucket", f"full-{suffix}"
    identity, state = aws_driver.create(token, {"bucket": name})
    s3 = of(cloud, "s3")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="k", Body=body)
    s3.delete_object(Bucket=name, Key="k")
    with pytest.raises(grpc.RpcError) as caught:
        aws_driver.delete(token, identity, state)
    assert f"bucket {name} is not empty" in refusal(caught.value)
    state = aws_driver.update(token, identity, state, {"bucket": name, "forceDestroy": True})
    aws_driver.delete(token, identity, state)
    assert aws_driver.read(token, identity, state)[0] == ""


def test_a_deleted_key_is_scheduled_for_deletion(aws_driver: Driver, cloud: Any) -> None:
    token = "aws:kms/key:Key"
    identity, state = aws_driver.create(token, {"deletionWindowInDays": 7})
    aws_driver.delete(token, identity, state)
    found = of(cloud, "kms").describe_key(KeyId=identity)["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"


def test_a_resource_that_is_half_made_is_reported_as_existing(
    aws_driver: Driver, suffix: str
) -> None:
    inputs = {"bucket": f"half-{suffix}", "tags": {"aws:reserved": "1"}}
    with pytest.raises(grpc.RpcError) as caught:
        aws_driver.create("aws:s3/bucket:Bucket", inputs)
    details = dict(caught.value.trailing_metadata())
    assert b"ErrorResourceInitFailed" in details["grpc-status-details-bin"]
    assert f"arn:aws:s3:::half-{suffix}".encode() in details["grpc-status-details-bin"]


def test_a_half_made_access_key_keeps_its_secret_and_keeps_it_secret(
    aws_driver: Driver, cloud: Any, suffix: str
) -> None:
    of(cloud, "iam").create_user(UserName=f"half-{suffix}")
    with pytest.raises(grpc.RpcError) as caught:
        aws_driver.create(KEY, {"user": f"half-{suffix}", "status": 5})  # no status
    status = status_pb2.Status.FromString(
        dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    )
    half = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(half)
    [known] = of(cloud, "iam").list_access_keys(UserName=f"half-{suffix}")["AccessKeyMetadata"]
    assert half.id == known["AccessKeyId"]
    assert SECRET in half.properties.fields["secret"].struct_value.fields


def test_an_account_that_is_not_allowed_is_refused(aws_settings: dict[str, Any]) -> None:
    with Driver.start("aws") as driver:
        with pytest.raises(grpc.RpcError) as caught:
            driver.configure({**aws_settings, "allowedAccountIds": '["999999999999"]'})
        assert "account 123456789012 is none of" in refusal(caught.value)


def test_it_tells_the_sdks_version(vault_driver: Driver, aws_driver: Driver) -> None:
    assert vault_driver.version() == version("pulumi-vault")
    assert aws_driver.version() == version("pulumi-aws")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_silently_when_told_to(signum: signal.Signals) -> None:
    with Driver.start("vault") as driver:
        driver.process.send_signal(signum)
        assert driver.process.wait(timeout=5) == 0


@pytest.mark.parametrize("seconds", [0.1, 2])
def test_it_leaves_when_the_engine_dies(tmp_path: Path, seconds: float) -> None:
    # A shell stands for the engine: it starts the plugin, tells its pid and dies, here before the plugin serves.
    install(tmp_path, Path(sys.executable))
    (plugin,) = tmp_path.glob("plugins/resource-vault-*/pulumi-resource-vault")
    told = subprocess.run(
        ["sh", "-c", f"{plugin} & echo $!; sleep {seconds}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    pid = int(told.stdout.split()[0])
    deadline = time.monotonic() + 10
    while spawn.lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert told.stderr == ""
