"""Custody over Alibaba Cloud's KMS and OSS, against tests/real/alicloud (see there what that does not check)."""

import base64
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from custody import names
from custody.alicloud import Custody
from custody.alicloud_clients import Identity, Key
from custody.errors import NOT_OURS, CustodyError, RefusedError, UnreachableError
from custody.request import AlicloudCustody, AwsCustody, place_of
from custody.secret import Secret
from custody.store import custody_at
from tests.real.alicloud.account import PLACE, READER, SEAL_USER, VAULT, WRITER, account
from tests.real.alicloud.account import world as account_world
from tests.real.alicloud.oss import Bucket
from tests.real.alicloud.server import PIPELINE, Fault, Services
from tests.real.alicloud.signatures import AccessKey, Failure

SECRET = "of-all-recovery-keys-the-only-one"  # of no cluster


@pytest.fixture
def prefix() -> str:
    return ""


@pytest.fixture
def world(prefix: str) -> Iterator[tuple[Services, AlicloudCustody]]:
    with account(replace(PLACE, prefix=prefix)) as made:
        yield made


@pytest.fixture
def services(world: tuple[Services, AlicloudCustody]) -> Services:
    return world[0]


@pytest.fixture
def place(world: tuple[Services, AlicloudCustody]) -> AlicloudCustody:
    return world[1]


@pytest.fixture
def pipeline(services: Services, monkeypatch: pytest.MonkeyPatch) -> AccessKey:
    """Sign this process in."""
    key = services.key(PIPELINE)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", key.secret)
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
    return key


@pytest.fixture
def custody(place: AlicloudCustody, pipeline: AccessKey) -> Custody:  # noqa: ARG001  signed in
    return Custody(place)


def _bucket(services: Services) -> Bucket:
    return services.oss.buckets[PLACE.bucket]


def _bodies(services: Services, name: str) -> list[bytes | None]:
    return [each.body for each in _bucket(services).objects.get(name, [])]


def test_a_value_goes_in_encrypted_and_comes_back(custody: Custody, services: Services) -> None:
    custody.describe_key()
    body = custody.encrypt(SECRET.encode())

    assert custody.put("vault-recovery-0", body)
    stored = custody.get("vault-recovery-0")

    assert stored == body
    assert custody.decrypt(body).decode() == SECRET
    assert _bodies(services, "vault-recovery-0") == [body]


def test_an_object_is_what_bank_vaults_writes(custody: Custody, services: Services) -> None:
    body = custody.encrypt(SECRET.encode())

    # Not base64 of it: KMS gave back the very text, and it got no context.
    assert services.kms.call(
        "Decrypt", {"CiphertextBlob": body.decode()}, lambda _action, _resource: None
    )["Plaintext"] == SECRET  # fmt: skip


def test_a_data_key_is_32_bytes_and_opens_again(custody: Custody) -> None:
    key = custody.data_key()

    assert len(key.plaintext) == 32
    assert custody.unwrap(key.wrapped) == key.plaintext
    assert custody.decrypt(key.wrapped) == base64.b64encode(key.plaintext)


def test_each_call_is_made_by_the_role_that_may(custody: Custody, services: Services) -> None:
    custody.put("vault-test", custody.encrypt(b"vault-test"))
    custody.unwrap(custody.data_key().wrapped)
    custody.get("vault-test")
    custody.listed()
    custody.erase("vault-test")

    by = {who: {a for w, a in services.asked if w == who} for who in (PIPELINE, WRITER, READER)}
    assert by[PIPELINE] == {"sts:AssumeRole"}
    assert by[WRITER] == {
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "oss:PutObject",
        "oss:ListObjectVersions",
        "oss:DeleteObjectVersion",
    }
    assert by[READER] == {"kms:Decrypt", "oss:ListObjectVersions", "oss:GetObjectVersion"}


@pytest.mark.parametrize("prefix", ["", "prod/"])
def test_names_are_without_the_prefix_which_is_plainly_in_front(
    custody: Custody, services: Services, prefix: str
) -> None:
    services.oss.put(_bucket(services), f"{prefix}vault-recovery-00", b"of a longer name")
    services.oss.put(_bucket(services), "other", b"nobody's")
    custody.put("vault-recovery-0", b"body")

    assert set(custody.listed()) == {"vault-recovery-0", "vault-recovery-00"}
    assert _bodies(services, f"{prefix}vault-recovery-0") == [b"body"]
    assert custody.get("vault-recovery-0") == b"body"


def test_what_is_there_is_not_overwritten_and_said_to_be_the_same_or_not(
    custody: Custody, services: Services
) -> None:
    assert custody.put(names.INTENT, b"first")
    assert custody.put(names.INTENT, b"first")
    assert not custody.put(names.INTENT, b"second")

    assert _bodies(services, names.INTENT) == [b"first"]


def test_a_former_key_is_hidden_while_a_seal_is_migrated_and_at_no_other_time(
    custody: Custody, services: Services
) -> None:
    custody.put("vault-recovery-0", b"body")
    custody.put("vault-unseal-0", b"body")

    with pytest.raises(RefusedError, match="denied oss:DeleteObject"):
        custody.hide("vault-recovery-0")
    services.world = account_world(PLACE, releases="recovery")
    custody.hide("vault-recovery-0")

    assert custody.get("vault-recovery-0") is None
    assert _bodies(services, "vault-recovery-0") == [None, b"body"]
    with pytest.raises(RefusedError, match="denied oss:DeleteObjectVersion"):
        custody.erase("vault-recovery-0")
    with pytest.raises(RefusedError, match="denied oss:DeleteObject"):
        custody.hide("vault-unseal-0")


def test_two_runs_that_write_at_once_both_stop_and_the_older_is_named(
    custody: Custody, services: Services
) -> None:
    other = services.oss

    def write() -> None:
        other.put(_bucket(services), names.INTENT, b"theirs")

    services.faults.append(Fault(action="oss:PutObject", does="first", first=write))

    with pytest.raises(CustodyError, match=r"written twice.*: version CAEQ00000001 is the valid"):
        custody.put(names.INTENT, b"ours")

    # OSS ignored the header that forbids it: both are there, and nobody reads the younger one.
    assert _bodies(services, names.INTENT) == [b"ours", b"theirs"]
    with pytest.raises(CustodyError, match=r"CAEQ00000002 came later; .*--version-id"):
        custody.get(names.INTENT)


def test_a_put_whose_answer_was_lost_is_not_made_twice(
    custody: Custody, services: Services
) -> None:
    services.faults.append(Fault(action="oss:PutObject", does="hang up after"))

    assert custody.put(names.ENVELOPE, b"sealed")

    assert _bodies(services, names.ENVELOPE) == [b"sealed"]


def test_a_put_that_never_arrived_is_made_again(custody: Custody, services: Services) -> None:
    services.faults.append(Fault(action="oss:PutObject", does="hang up"))

    assert custody.put(names.ENVELOPE, b"sealed")

    assert _bodies(services, names.ENVELOPE) == [b"sealed"]


def test_one_that_arrived_late_beside_its_own_second_is_still_one_value(
    custody: Custody, services: Services
) -> None:
    def late() -> None:
        services.oss.put(_bucket(services), names.ENVELOPE, b"sealed")

    services.faults.append(Fault(action="oss:PutObject", does="first", first=late))

    assert custody.put(names.ENVELOPE, b"sealed")
    assert custody.get(names.ENVELOPE) == b"sealed"


def test_a_bucket_without_versions_is_refused_by_the_probe_and_overwritten_by_nobody(
    custody: Custody, services: Services
) -> None:
    bucket = _bucket(services)
    bucket.versioned = False
    services.oss.put(bucket, names.INTENT, b"theirs")

    with pytest.raises(CustodyError, match=r"keeps no versions.*; switch versioning on"):
        custody.put(names.PROBE, b"probe")

    def write() -> None:
        services.oss.put(bucket, names.OWNER, b"theirs")

    services.faults.append(Fault(action="oss:PutObject", does="first", first=write))
    # Here the header works.
    assert not custody.put(names.OWNER, b"ours")
    assert _bodies(services, names.OWNER) == [b"theirs"]


def test_what_is_hidden_is_not_there_and_not_gone(custody: Custody, services: Services) -> None:
    custody.put(names.ENVELOPE, b"sealed")

    custody.hide(names.ENVELOPE)

    assert custody.get(names.ENVELOPE) is None
    stored = custody.listed()[names.ENVELOPE]
    assert (stored.current, stored.content, len(stored.versions)) == (False, True, 2)
    assert custody.put(names.ENVELOPE, b"another")
    assert custody.get(names.ENVELOPE) == b"another"
    assert _bodies(services, names.ENVELOPE) == [b"another", None, b"sealed"]


def test_what_is_erased_is_gone_in_every_version(custody: Custody, services: Services) -> None:
    for body in (b"one", b"two"):
        services.oss.put(_bucket(services), names.ROOT, body)
    services.oss.put(_bucket(services), names.ROOT, None)
    services.oss.put(_bucket(services), f"{names.ROOT}-of-another", b"stays")

    custody.erase(names.ROOT)

    assert _bodies(services, names.ROOT) == []
    assert _bodies(services, f"{names.ROOT}-of-another") == [b"stays"]


def test_every_page_of_versions_is_read(custody: Custody, services: Services) -> None:
    for number in range(1001):
        services.oss.put(_bucket(services), names.ROOT, str(number).encode())
    services.oss.put(_bucket(services), "vault-test", b"after it")

    listed = custody.listed()

    assert len(listed[names.ROOT].versions) == 1001
    assert listed["vault-test"].current


def test_nothing_is_there_where_nothing_was_written(custody: Custody) -> None:
    assert custody.get(names.INTENT) is None
    assert custody.listed() == {}


@pytest.mark.parametrize(
    ("action", "code", "status"),
    [
        ("kms:Encrypt", "Throttling.User", 400),
        ("kms:Encrypt", "Rejected.Throttling", 429),
        ("kms:Encrypt", "InternalFailure", 500),
        ("kms:Encrypt", "ServiceUnavailableTemporary", 503),
        ("sts:AssumeRole", "Throttling", 400),
        ("oss:PutObject", "ServiceUnavailable", 503),
        ("oss:PutObject", "QpsLimitExceeded", 503),
        ("oss:ListObjectVersions", "InternalError", 500),
    ],
)
def test_what_passes_is_tried_again_and_what_stays_is_said(
    custody: Custody, services: Services, action: str, code: str, status: int
) -> None:
    def write() -> bool:
        return custody.put("vault-recovery-0", custody.encrypt(SECRET.encode()))

    fault = Fault(action=action, does="refuse", failure=Failure(status, code))
    services.faults.extend([fault] * 2)
    assert write()
    assert not services.faults

    custody.erase("vault-test")
    services.faults.extend([fault] * 9)
    with pytest.raises(RefusedError) as refused:
        Custody(custody.place).put("vault-recovery-1", custody.encrypt(SECRET.encode()))
    assert refused.value.reason == code


def test_a_service_that_hangs_up_is_asked_again_and_then_said_to_be_silent(
    custody: Custody, services: Services
) -> None:
    services.faults.append(Fault(action="kms:Encrypt", does="hang up"))
    custody.encrypt(SECRET.encode())

    services.faults.extend([Fault(action="kms:Encrypt", does="hang up")] * 9)
    with pytest.raises(UnreachableError, match="does not answer kms:Encrypt; see that it is"):
        custody.encrypt(SECRET.encode())


def test_a_new_role_is_waited_for_as_long_as_patience_lasts(
    place: AlicloudCustody, services: Services, pipeline: AccessKey
) -> None:
    assert pipeline.principal == PIPELINE
    waits: list[int] = []
    new = Failure(404, "EntityNotExist.Role")
    denied = Failure(403, "NoPermission")
    for failure in (new, denied):
        services.faults.append(Fault(action="sts:AssumeRole", does="refuse", failure=failure))

    Custody(place, patience=20, on_wait=lambda: waits.append(1)).describe_key()

    assert len(waits) == 2
    services.faults.append(Fault(action="sts:AssumeRole", does="refuse", failure=denied))
    with pytest.raises(RefusedError, match=r"this process is denied sts:AssumeRole on .*writer"):
        Custody(place).describe_key()


@pytest.mark.parametrize(
    ("state", "said"),
    [("Disabled", "key-custody is Disabled; enable it"), ("PendingDeletion", "PendingDeletion")],
)
def test_a_key_that_can_not_be_used_is_refused(
    custody: Custody, services: Services, state: str, said: str
) -> None:
    services.kms.keys[PLACE.custody_key].state = state

    with pytest.raises(CustodyError, match=said):
        custody.describe_key()
    with pytest.raises(RefusedError) as refused:
        custody.encrypt(b"anything")
    assert refused.value.reason == f"Rejected.{state}"


def test_a_ciphertext_that_is_not_ours_is_said_to_be_another_cluster_s(custody: Custody) -> None:
    for foreign in (b"not base64 at all", base64.b64encode(b'["key-custody", "00"]')):
        with pytest.raises(RefusedError, match=r"another cluster's: check custody\.bucket") as no:
            custody.decrypt(foreign)
        assert no.value.reason == NOT_OURS


def test_what_is_denied_is_named_with_who_and_what(custody: Custody, services: Services) -> None:
    roles = {who: each for who, each in services.world.identities.items() if who != WRITER}
    services.world = replace(services.world, identities=roles)

    with pytest.raises(RefusedError, match=rf"the writer role {WRITER} is denied kms:Encrypt on"):
        custody.encrypt(b"anything")
    with pytest.raises(RefusedError, match="is denied oss:PutObject on oss://"):
        custody.put("vault-test", b"anything")


def test_a_wrong_secret_is_said(
    custody: Custody, pipeline: AccessKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", pipeline.secret[::-1])

    with pytest.raises(RefusedError, match="its key's secret is wrong; correct it"):
        custody.describe_key()


def test_every_request_to_the_bucket_is_signed_with_its_session_s_secret(
    custody: Custody, services: Services
) -> None:
    custody.put(names.INTENT, b"intent")
    for key in [each for each in services.keys.values() if each.token]:
        services.keys[key.id] = replace(key, secret=key.secret[::-1])

    for call in (custody.listed, lambda: custody.get(names.INTENT), custody.describe_key):
        with pytest.raises(RefusedError) as refused:
            call()
        assert refused.value.reason == "SignatureDoesNotMatch"


def test_nobody_signed_in_is_said(
    place: AlicloudCustody, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        "alibabacloud_credentials.utils.auth_util.environment_ecs_metadata_disabled", "true"
    )

    with pytest.raises(CustodyError, match="this process has no Alibaba Cloud credentials; set"):
        Custody(place).describe_key()


def test_no_failure_and_no_log_holds_what_was_to_be_encrypted(
    custody: Custody,
    services: Services,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What makes Alibaba's SDK log its requests, query and all.
    monkeypatch.setenv("DEBUG", "sdk")
    caplog.set_level(logging.DEBUG)
    failures: list[CustodyError] = []
    for fault in (
        Fault(action="kms:Encrypt", does="hang up"),
        Fault(action="kms:Encrypt", does="refuse", failure=Failure(403, "Forbidden.NoPermission")),
    ):
        services.faults.extend([fault] * 3)
        with pytest.raises(CustodyError) as failed:
            custody.encrypt(SECRET.encode())
        failures.append(failed.value)
        services.faults.clear()
    custody.decrypt(custody.encrypt(SECRET.encode()))

    for failure in failures:
        assert SECRET not in f"{failure!r} {vars(failure)}"
        # Nothing of the SDK's hangs on it, which holds the request.
        assert (failure.__cause__, failure.__context__) == (None, None)
    assert SECRET not in caplog.text


# --- the servers' own identity ---


def _with_key(place: AlicloudCustody, key: AccessKey) -> AlicloudCustody:
    return replace(
        place,
        seal_credentials={
            "ALICLOUD_ACCESS_KEY": Secret(key.id),
            "ALICLOUD_SECRET_KEY": Secret(key.secret),
        },
    )


def test_the_seal_is_proven_with_the_servers_key(
    place: AlicloudCustody, services: Services
) -> None:
    Custody(_with_key(place, services.key(SEAL_USER))).prove_seal()

    calls = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
    assert services.asked == [(SEAL_USER, each) for each in calls]


def test_or_as_the_role_that_this_key_takes() -> None:
    with account(replace(PLACE, seal_role=VAULT)) as (services, place):
        Custody(_with_key(place, services.key(SEAL_USER))).prove_seal()

    assert services.asked[0] == (SEAL_USER, "sts:AssumeRole")
    assert {who for who, _ in services.asked[1:]} == {VAULT}


def test_or_as_this_process_where_the_machine_s_role_is_the_servers(
    place: AlicloudCustody, services: Services, pipeline: AccessKey
) -> None:
    seal = services.world.identities[SEAL_USER]
    identities = {**services.world.identities, pipeline.principal: seal}
    services.world = replace(services.world, identities=identities)

    custody_at(place).prove_seal()

    assert {who for who, _ in services.asked} == {PIPELINE}


def test_or_by_somebody_else_and_nobody_besides(place: AlicloudCustody) -> None:
    def prove() -> None:
        raise CustodyError("the pod failed", "see why")

    with pytest.raises(CustodyError, match="the pod failed"):
        Custody(replace(place, seal_proof=prove)).prove_seal()


def test_a_key_that_is_disabled_or_may_too_little_fails_the_proof(
    place: AlicloudCustody, services: Services
) -> None:
    key = services.key(SEAL_USER)
    services.keys[key.id] = replace(key, active=False)
    with pytest.raises(
        RefusedError, match="the servers' key can't kms:DescribeKey on key-seal: its"
    ):
        Custody(_with_key(place, key)).prove_seal()

    with pytest.raises(
        RefusedError, match="the servers' key is denied kms:DescribeKey on key-seal"
    ):
        Custody(_with_key(place, services.key(PIPELINE))).prove_seal()


def test_the_real_cloud_is_asked_in_its_region_over_tls() -> None:
    identity = Identity(Key(id="id", secret=Secret("secret")), PLACE)

    assert identity.kms._endpoint == "kms.eu-central-1.aliyuncs.com"
    assert identity.sts._endpoint == "sts.eu-central-1.aliyuncs.com"
    assert identity.kms._protocol == identity.sts._protocol == "https"
    endpoint = identity.oss._client._options.endpoint
    assert endpoint.geturl() == "https://oss-eu-central-1.aliyuncs.com"


def test_a_state_without_a_kind_is_aws_s() -> None:
    said = {
        "region": "eu-central-1", "bucket": "b", "prefix": "", "custody_key": "c", "seal_key": "s",
        "writer_role": "w", "reader_role": "r",
    }  # fmt: skip

    assert isinstance(place_of(said), AwsCustody)
    assert isinstance(place_of({**said, "kind": "alicloud"}), AlicloudCustody)
