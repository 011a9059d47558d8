"""What doesn't fit is a hard error that says what to do, and changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from custody import names
from custody.aws import Custody
from custody.bootstrap import bootstrap, check, update
from custody.errors import CustodyError
from custody.generate_root import generated, recovery_keys
from custody.request import AwsCustody, Request
from custody.root import alive, minted
from custody.secret import Secret
from custody.states import LostInitError, State, StateError
from custody.store import custody_at
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster, running_cluster
from tests.real.emulator import Emulator, reached_through
from tests.real.faults import Faulty, faulty
from tests.real.fixtures import OwnedCluster
from tests.real.inside import bucket_names, look_inside
from tests.real.leaks import leaked
from tests.real.request import PASSWORD, impatient, request_for

pytestmark = pytest.mark.real


@pytest.fixture
def request_(cluster: Cluster, place: AwsCustody, tmp_path: Path) -> Request:
    return request_for(cluster.address, place, tmp_path / "custody", patience=5)


@pytest.fixture
def empty_request(empty_cluster: Cluster, place: AwsCustody, tmp_path: Path) -> Request:
    return request_for(empty_cluster.address, place, tmp_path / "custody", patience=5)


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
    name: str, empty_request: Request
) -> None:
    custody_at(empty_request.custody).put(name, b"somebody's")

    error = refused(empty_request)

    assert error.state is State.FOREIGN_CUSTODY
    assert "use another custody.prefix" in error.cure
    assert not initialised(empty_request)


def test_another_prefix_of_a_used_bucket_is_free(request_: Request) -> None:
    custody_at(request_.custody).put("vault-root", b"somebody's")
    beside = replace(request_, custody=replace(request_.custody, prefix="ours/"))

    bootstrap(beside)

    assert check(beside).as_declared
    assert custody_at(request_.custody).get("vault-root") == b"somebody's"


def test_custody_of_an_owned_cluster_serves_no_second_one(
    owned: OwnedCluster, cluster: Cluster
) -> None:
    second = replace(owned.request, cluster=cluster.address)

    error = refused(second)
    assert error.state is State.OWNED_BUT_EMPTY
    assert not initialised(second)

    client = Servers(cluster.address).client(cluster.address.members[0])
    client.sys.initialize(recovery_shares=1, recovery_threshold=1)
    assert refused(second).state is State.OTHER_CLUSTER


def test_an_owned_cluster_whose_storage_is_gone_is_not_initialised_again(
    request_: Request, cluster: Cluster
) -> None:
    bootstrap(request_)
    cluster.wipe()

    assert refused(request_).state is State.OWNED_BUT_EMPTY
    assert not initialised(request_)


@pytest.mark.parametrize("name", [names.key("recovery", 4), names.INTENT])
def test_custody_that_is_partly_missing_is_said_and_restored_from_versions(
    name: str, owned: OwnedCluster
) -> None:
    place = owned.request.custody
    assert isinstance(place, AwsCustody)
    custody = Custody(place)
    custody.hide(name)

    with pytest.raises(CustodyError, match=rf"{name}.*restore"):
        bootstrap(owned.request)

    [marker] = [
        version
        for version in custody.listed()[name].versions
        if version not in _with_content(custody, name)
    ]
    custody._writer.s3.delete_object(Bucket=custody.place.bucket, Key=name, VersionId=marker)
    bootstrap(owned.request)
    assert check(owned.request).as_declared


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
    request_ = impatient(request_)
    with faulty(request_.cluster.members[0], tls=cluster.tls) as proxy:
        proxy.lose_answer("PUT /v1/sys/init")
        through = replace(request_, cluster=replace(request_.cluster, members=(proxy.url,)))

        with pytest.raises(LostInitError, match="rm -r the-storage"):
            bootstrap(through)

    assert Servers(request_.cluster).wait_until_active(30)
    error = refused(request_)
    assert error.state is State.LOST_INIT
    assert "another run may still be under way" in error.cure


def test_a_cluster_whose_keys_another_machine_is_storing_is_not_given_up(
    request_: Request, emulator: Emulator, tmp_path: Path
) -> None:
    with faulty(emulator.endpoint) as proxy, ThreadPoolExecutor(1) as elsewhere:
        proxy.hold("s3:PutObject", names.ENVELOPE)
        through = replace(request_.custody, endpoint=proxy.url)
        other = elsewhere.submit(
            bootstrap, replace(request_, custody=through, directory=tmp_path / "elsewhere")
        )
        assert proxy.held.wait(60)
        assert Servers(request_.cluster).wait_until_active(30)

        def on_step(step: str, _when: str) -> None:
            if step.startswith("look whether another run stores init's answer"):
                proxy.heal()

        with pytest.raises(CustodyError, match="another run is under way") as told:
            bootstrap(request_, on_step)

        assert not isinstance(told.value, LostInitError)
        done = other.result(60)
    assert bootstrap(request_) == done


def test_other_numbers_of_recovery_keys_than_the_cluster_has_are_refused(
    owned: OwnedCluster,
) -> None:
    changed = replace(owned.request, recovery_shares=7, recovery_threshold=4)

    for run in (bootstrap, update):
        with pytest.raises(
            CustodyError,
            match=r"is 5 recovery keys .* 3 are needed, not 7 and 4; put back .*Shares: 5 .*: 3;",
        ):
            run(changed)

    assert bootstrap(owned.request)


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


def test_an_update_never_initialises(empty_request: Request) -> None:
    with pytest.raises(CustodyError, match="is not initialised"):
        update(empty_request)

    assert not initialised(empty_request)
    assert bucket_names(empty_request) == {}


def test_a_login_method_of_somebody_else_is_not_taken_over(owned: OwnedCluster) -> None:
    request = owned.request
    with minted(request.cluster, request.custody) as token:
        client = Servers(request.cluster).active(token)
        client.sys.enable_auth_method("userpass", path="people")

    moved = replace(request, account=replace(request.account, mount="people"))
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


def seal(servers: Servers, token: Secret, kms: Faulty) -> None:
    # A server that may decrypt unseals itself again: from its start on it tries every five seconds, until it finds
    # itself unsealed.
    kms.deny("kms:Decrypt")
    servers.active(token).sys.seal()


def test_a_sealed_or_silent_server_is_an_error_and_not_drift(
    emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    with (
        faulty(emulator.endpoint) as kms,
        running_cluster(tmp_path / "cluster", emulator, reached_through(place, kms.url)) as cluster,
    ):
        request = request_for(cluster.address, place, tmp_path / "custody")
        bootstrap(request)
        with (
            pytest.raises(CustodyError, match="could not be revoked"),
            minted(request.cluster, request.custody) as token,
        ):
            seal(Servers(request.cluster), token, kms)
        with pytest.raises(CustodyError, match="is sealed"):
            check(request)
        assert refused(impatient(request)).state is State.SEALED

        cluster.stop(0)
        with pytest.raises(CustodyError, match="does not answer"):
            check(request)


def test_a_root_token_that_lies_in_custody_again_is_revoked_and_erased(
    owned: OwnedCluster,
) -> None:
    request, servers = owned.request, Servers(owned.request.cluster)
    custody = custody_at(request.custody)
    with minted(request.cluster, request.custody) as token:
        tokens = servers.active(token).auth.token
        made = Secret(tokens.create_orphan(policies=["root"], ttl="10m")["auth"]["client_token"])
        custody.put(names.ROOT, custody.encrypt(made.reveal().encode()))
    # Whoever left that one may have left another, which lies nowhere.
    generated(servers, recovery_keys(servers, custody), cancel=False)
    assert look_inside(request).root_tokens == 2

    bootstrap(request)

    assert names.ROOT not in bucket_names(request)
    assert not alive(servers, made)
    assert look_inside(request).root_tokens == 0
