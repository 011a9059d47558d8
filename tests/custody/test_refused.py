"""What doesn't fit is a hard error that says what to do, and changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from custody import names
from custody.aws import Custody
from custody.bootstrap import bootstrap, check, update
from custody.errors import CustodyError
from custody.request import AwsCustody, Request
from custody.root import alive, minted
from custody.secret import Secret
from custody.states import LostInitError, State, StateError
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster, running_cluster
from tests.real.emulator import Emulator
from tests.real.faults import faulty
from tests.real.inside import bucket_names
from tests.real.leaks import leaked
from tests.real.request import PASSWORD, request_for

pytestmark = pytest.mark.real


@pytest.fixture
def request_(cluster: Cluster, place: AwsCustody, tmp_path: Path) -> Request:
    return request_for(cluster.address, place, tmp_path / "custody", patience=5)


@pytest.fixture
def other(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """A second cluster, sealed with the same key."""
    with running_cluster(tmp_path / "other", emulator, place) as running:
        yield running


def refused(request: Request) -> StateError:
    before = bucket_names(request)
    with pytest.raises(StateError) as error:
        bootstrap(request)
    assert bucket_names(request) == before
    assert leaked(error.value, [PASSWORD]) == []
    return error.value


def initialised(request: Request) -> bool:
    return any(member and member.initialised for member in Servers(request.cluster).members())


def test_a_cluster_that_somebody_else_initialised_is_left_alone(request_: Request) -> None:
    client = Servers(request_.cluster).client(request_.cluster.members[0])
    client.sys.initialize(recovery_shares=1, recovery_threshold=1)

    error = refused(request_)

    assert error.state is State.INITIALISED_ELSEWHERE
    assert "whoever initialised it has its keys" in error.cure


@pytest.mark.parametrize("name", ["vault-root", "vault-unseal-0", "vault-recovery-0"])
def test_a_bucket_with_another_clusters_custody_is_not_touched(
    name: str, request_: Request
) -> None:
    Custody(request_.custody).put(name, b"somebody's")

    error = refused(request_)

    assert error.state is State.FOREIGN_CUSTODY
    assert "use another custody.prefix" in error.cure
    assert not initialised(request_)


def test_another_prefix_of_a_used_bucket_is_free(request_: Request) -> None:
    Custody(request_.custody).put("vault-root", b"somebody's")
    beside = replace(request_, custody=replace(request_.custody, prefix="ours/"))

    bootstrap(beside)

    assert check(beside).as_declared
    assert Custody(request_.custody).get("vault-root") == b"somebody's"


def test_custody_of_an_owned_cluster_serves_no_second_one(
    request_: Request, other: Cluster
) -> None:
    bootstrap(request_)
    second = replace(request_, cluster=other.address)

    error = refused(second)
    assert error.state is State.OWNED_BUT_EMPTY
    assert not initialised(second)

    client = Servers(other.address).client(other.address.members[0])
    client.sys.initialize(recovery_shares=1, recovery_threshold=1)
    assert refused(second).state is State.OTHER_CLUSTER


def test_an_owned_cluster_whose_storage_is_gone_is_not_initialised_again(
    request_: Request, cluster: Cluster
) -> None:
    bootstrap(request_)
    cluster.wipe()

    assert refused(request_).state is State.OWNED_BUT_EMPTY
    assert not initialised(request_)


@pytest.mark.parametrize("name", [names.recovery(4), names.INTENT])
def test_custody_that_is_partly_missing_is_said_and_restored_from_versions(
    name: str, request_: Request
) -> None:
    bootstrap(request_)
    Custody(request_.custody).hide(name)

    with pytest.raises(CustodyError, match=rf"{name}.*restore"):
        bootstrap(request_)

    custody = Custody(request_.custody)
    [marker] = [
        version
        for version in custody.listed()[name].versions
        if version not in _with_content(custody, name)
    ]
    custody._writer.s3.delete_object(Bucket=request_.custody.bucket, Key=name, VersionId=marker)
    bootstrap(request_)
    assert check(request_).as_declared


def _with_content(custody: Custody, name: str) -> set[str]:
    return {version for key, version, _, content in custody._versions(name) if content}


def test_keys_without_a_server_are_kept(request_: Request, cluster: Cluster) -> None:
    def stop_half_way(step: str, when: str) -> None:
        if (step, when) == ("drop envelope", "after"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bootstrap(request_, stop_half_way)
    cluster.wipe()

    assert refused(request_).state is State.KEYS_WITHOUT_SERVER
    assert not initialised(request_)


def test_generate_root_must_be_reachable_before_init(
    emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    with running_cluster(tmp_path / "cluster", emulator, place, generate_root=False) as shut:
        request = request_for(shut.address, place, tmp_path / "custody")

        with pytest.raises(
            CustodyError, match=r"generate-root is not reachable .*disable_unauthed_generate_root"
        ):
            bootstrap(request)

        assert not initialised(request)


def test_an_answer_that_is_lost_on_the_way_ends_in_the_wipe(
    request_: Request, cluster: Cluster
) -> None:
    with faulty(request_.cluster.members[0], tls=cluster.tls) as proxy:
        proxy.lose_answer("PUT /v1/sys/init")
        through = replace(request_, cluster=replace(request_.cluster, members=(proxy.url,)))

        with pytest.raises(LostInitError, match="rm -r the-storage"):
            bootstrap(through)

    assert refused(request_).state is State.LOST_INIT


def test_a_member_that_is_silent_before_init_stops_everything(
    three_nodes: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    three_nodes.stop(2)
    request = request_for(three_nodes.address, place, tmp_path / "custody")

    with pytest.raises(CustodyError, match="not every member answers"):
        bootstrap(request)

    assert bucket_names(request) == {}
    assert not initialised(request)


def test_a_member_that_never_joins_is_named_and_waited_for_by_the_next_run(
    three_nodes: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(three_nodes.address, place, tmp_path / "custody", patience=3)
    silent = request.cluster.members[2]

    def stop_one(step: str, when: str) -> None:
        if (step, when) == ("init", "after"):
            three_nodes.stop(2)

    with pytest.raises(CustodyError, match=f"{silent} does not answer"):
        bootstrap(request, stop_one)

    three_nodes.start(2)
    bootstrap(replace(request, patience_seconds=30))
    assert check(request).as_declared


def test_an_update_never_initialises(request_: Request) -> None:
    with pytest.raises(CustodyError, match="is not initialised"):
        update(request_)

    assert not initialised(request_)
    assert bucket_names(request_) == {}


def test_a_login_method_of_somebody_else_is_not_taken_over(request_: Request) -> None:
    bootstrap(request_)
    with minted(request_.cluster, request_.custody) as token:
        client = Servers(request_.cluster).active(token)
        client.sys.enable_auth_method("userpass", path="people")

    moved = replace(request_, account=replace(request_.account, mount="people"))
    with pytest.raises(CustodyError, match="auth/people is there and is not this program's own"):
        update(moved)


def test_an_account_that_cannot_log_in_from_here_is_said_and_put_right_by_the_next_run(
    request_: Request,
) -> None:
    elsewhere = replace(request_, account=replace(request_.account, cidrs=("192.0.2.0/24",)))

    with pytest.raises(CustodyError, match=r"check account\.cidrs") as error:
        bootstrap(elsewhere)

    assert leaked(error.value, [PASSWORD]) == []
    bootstrap(request_)
    assert check(request_).as_declared


def test_a_sealed_or_silent_server_is_an_error_and_not_drift(
    request_: Request, cluster: Cluster
) -> None:
    bootstrap(request_)
    with (
        pytest.raises(CustodyError, match="could not be revoked"),
        minted(request_.cluster, request_.custody) as token,
    ):
        Servers(request_.cluster).active(token).sys.seal()
    with pytest.raises(CustodyError, match="is sealed"):
        check(request_)
    assert refused(replace(request_, patience_seconds=0)).state is State.SEALED

    cluster.stop(0)
    with pytest.raises(CustodyError, match="does not answer"):
        check(request_)


def test_a_root_token_that_lies_in_custody_again_is_revoked_and_erased(request_: Request) -> None:
    bootstrap(request_)
    custody = Custody(request_.custody)
    with minted(request_.cluster, request_.custody) as token:
        made = (
            Servers(request_.cluster)
            .active(token)
            .auth.token.create_orphan(policies=["root"], ttl="10m")
        )
        custody.put(names.ROOT, custody.encrypt(made["auth"]["client_token"].encode()))

    bootstrap(request_)

    assert names.ROOT not in bucket_names(request_)
    assert not alive(Servers(request_.cluster), Secret(made["auth"]["client_token"]))
