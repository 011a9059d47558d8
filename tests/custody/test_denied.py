"""AWS says no, or nothing: one line that names identity, action and resource; and nothing is lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from custody import aws_clients
from custody.bootstrap import bootstrap, check
from custody.errors import CustodyError, RefusedError, UnreachableError
from custody.request import AwsCustody, Request
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster
from tests.real.emulator import Emulator, reached_through
from tests.real.faults import Faulty, faulty
from tests.real.inside import look_inside
from tests.real.leaks import leaked
from tests.real.request import PASSWORD, impatient, request_for

pytestmark = pytest.mark.real


@pytest.fixture
def proxy(emulator: Emulator) -> Iterator[Faulty]:
    with faulty(emulator.endpoint) as running:
        yield running


@pytest.fixture
def request_(cluster: Cluster, place: AwsCustody, proxy: Faulty, tmp_path: Path) -> Request:
    """A request whose AWS calls go through the proxy; the servers' own don't."""
    through = reached_through(place, proxy.url)
    return impatient(request_for(cluster.address, through, tmp_path / "custody"))


@pytest.fixture
def empty_request(
    empty_cluster: Cluster, place: AwsCustody, proxy: Faulty, tmp_path: Path
) -> Request:
    """The same for a cluster that is never initialised."""
    through = reached_through(place, proxy.url)
    return impatient(request_for(empty_cluster.address, through, tmp_path / "custody"))


def initialised(request: Request) -> bool:
    return any(member and member.initialised for member in Servers(request.cluster).members())


@pytest.mark.parametrize(
    ("action", "resource", "who"),
    [
        ("sts:AssumeRole", "", "this process"),
        ("kms:DescribeKey", "custody_key", "writer"),
        ("kms:Encrypt", "custody_key", "writer"),
        ("kms:GenerateDataKey", "custody_key", "writer"),
        ("kms:Decrypt", "custody_key", "reader"),
        ("kms:DescribeKey", "seal_key", "this process"),
        ("kms:Encrypt", "seal_key", "this process"),
        ("kms:Decrypt", "seal_key", "this process"),
        ("s3:ListBucketVersions", "", "writer"),
        ("s3:PutObject", "vault-test", "writer"),
        ("s3:PutObject", "strongroom-intent", "writer"),
        ("s3:GetObject", "vault-test", "reader"),
        ("s3:DeleteObjectVersion", "vault-test", "writer"),
    ],
)
def test_what_is_denied_is_found_before_init(
    action: str, resource: str, who: str, empty_request: Request, proxy: Faulty
) -> None:
    proxy.deny(action, getattr(empty_request.custody, resource, resource))

    with pytest.raises(RefusedError, match=f"{who}.* is denied {action} on .*; grant it") as denied:
        bootstrap(empty_request)

    assert not initialised(empty_request)
    assert leaked(denied.value, [PASSWORD]) == []
    # Each pair is one that a whole bootstrap does need.
    assert any(
        seen == action and of.endswith(getattr(empty_request.custody, resource, resource))
        for seen, of in proxy.seen
    )


def test_servers_that_can_not_use_their_seal_are_not_initialised(empty_request: Request) -> None:
    def prove() -> None:
        raise CustodyError("a pod can't use the seal key", "grant it")

    place = replace(empty_request.custody, seal_proof=prove)
    steps: list[str] = []

    with pytest.raises(CustodyError, match="a pod can't use the seal key; grant it"):
        bootstrap(replace(empty_request, custody=place), lambda step, _when: steps.append(step))

    assert steps[-1] == "prove seal"
    assert not initialised(empty_request)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", "strongroom-envelope"),
        ("s3:PutObject", "vault-recovery-3"),
        ("s3:GetObject", "vault-recovery-3"),
        ("s3:PutObject", "vault-root"),
        ("s3:DeleteObject", "strongroom-envelope"),
        ("s3:DeleteObjectVersion", "vault-root"),
        ("s3:PutObject", "strongroom-owner"),
    ],
)
def test_what_is_denied_after_init_loses_nothing(
    action: str, resource: str, request_: Request, proxy: Faulty
) -> None:
    proxy.deny(action, resource)

    with pytest.raises(CustodyError, match=f"is denied {action} on .*{resource}") as denied:
        bootstrap(request_)

    assert initialised(request_)
    proxy.heal()
    bootstrap(request_)
    assert check(request_).as_declared
    assert look_inside(request_).root_tokens == 0
    assert leaked(denied.value, [PASSWORD]) == []


def test_every_call_that_a_bootstrap_makes_is_denied_in_one_of_these_tests(
    request_: Request, proxy: Faulty
) -> None:
    bootstrap(request_)

    assert {action for action, _ in proxy.seen} == {
        "sts:AssumeRole",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:PutObject",
        "s3:GetObject",
        "s3:ListBucketVersions",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    }


def test_no_kms_call_stands_between_the_answer_and_its_copies(
    request_: Request, proxy: Faulty
) -> None:
    calls: list[int] = []

    def on_step(step: str, _when: str) -> None:
        if step == "init":
            calls.append(len(proxy.seen))

    bootstrap(request_, on_step)

    [before, after] = calls
    assert proxy.seen[before:after] == [("s3:PutObject", "strongroom-envelope")]


@pytest.mark.parametrize("step", ["look", "init", "verify", "account", "revoke root"])
def test_an_emulator_that_refuses_connections_halts_the_run_and_no_more(
    step: str, request_: Request, proxy: Faulty
) -> None:
    def on_step(done: str, when: str) -> None:
        if (done, when) == (step, "after"):
            proxy.refuse()

    with pytest.raises(UnreachableError, match=r"does not answer .*run again"):
        bootstrap(request_, on_step)

    proxy.heal()
    bootstrap(request_)
    assert check(request_).as_declared


def test_an_emulator_that_is_silent_is_not_waited_for_without_end(
    emulator: Emulator,
    empty_cluster: Cluster,
    place: AwsCustody,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aws_clients, "_READ_SECONDS", 0.3)
    request = request_for(empty_cluster.address, place, tmp_path / "custody")

    with emulator.frozen(), pytest.raises(UnreachableError, match="does not answer sts"):
        bootstrap(request)

    assert not initialised(request)


def test_a_put_whose_answer_is_lost_meets_its_own_object(request_: Request, proxy: Faulty) -> None:
    for name in ("vault-test", "strongroom-intent", "strongroom-envelope", "vault-recovery-0"):
        proxy.lose_answer("s3:PutObject", name)

    with pytest.raises(UnreachableError):
        bootstrap(request_)
    proxy.heal()
    bootstrap(request_)

    assert check(request_).as_declared


def test_a_permission_that_is_new_is_waited_for(
    cluster: Cluster, place: AwsCustody, proxy: Faulty, tmp_path: Path
) -> None:
    request = request_for(cluster.address, reached_through(place, proxy.url), tmp_path / "custody")
    proxy.deny("sts:AssumeRole")
    waited: list[str] = []

    def on_step(step: str, _when: str) -> None:
        if step == "wait for permissions":
            waited.append(step)
            proxy.heal()

    bootstrap(request, on_step)

    assert waited == ["wait for permissions"]
    assert check(request).as_declared


def test_without_credentials_the_line_says_so(
    empty_request: Request, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(CustodyError, match="no AWS credentials; sign in"):
        bootstrap(empty_request)
