"""Root tokens minted from the recovery keys: short-lived, and revoked whatever happens."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from custody.bootstrap import bootstrap
from custody.errors import CustodyError
from custody.generate_root import decoded
from custody.request import Request
from custody.root import alive, minted, revoke
from custody.secret import Secret
from custody.store import custody_at
from custody.vault import Cluster as Servers
from tests.real.cluster import running_cluster
from tests.real.emulator import Emulator, custody_place
from tests.real.faults import faulty
from tests.real.fixtures import OwnedCluster
from tests.real.inside import look_inside
from tests.real.killed import run_killed
from tests.real.leaks import leaked
from tests.real.request import request_for

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def request_(owned: OwnedCluster) -> Request:
    return owned.request


@pytest.fixture(scope="module")
def other(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Request]:
    """A second owned cluster, whose custody tests may change."""
    directory, place = tmp_path_factory.mktemp("other"), custody_place(emulator)
    with running_cluster(directory, emulator, place) as running, pytest.MonkeyPatch.context() as at:
        for name, value in emulator.environment.items():
            at.setenv(name, value)
        request = request_for(running.address, place, directory / "custody")
        bootstrap(request)
        yield request


@pytest.mark.real
def test_a_minted_token_is_root_for_minutes_and_then_dead(request_: Request) -> None:
    servers = Servers(request_.cluster)

    with minted(request_.cluster, request_.custody, ttl="90s") as token:
        found = servers.active(token).auth.token.lookup_self()["data"]
        assert found["policies"] == ["root"]
        assert 0 < found["explicit_max_ttl"] <= 90
        assert not found["renewable"]
        # Nothing else of generate-root is left alive meanwhile.
        assert look_inside(request_).root_tokens == 1

    assert not alive(servers, token)
    assert look_inside(request_).root_tokens == 0


@pytest.mark.real
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_caller_that_fails_leaves_no_token(error: type[BaseException], request_: Request) -> None:
    seen: list[Secret] = []

    def fail() -> None:
        with minted(request_.cluster, request_.custody) as token:
            seen.append(token)
            raise error

    with pytest.raises(error) as raised:
        fail()

    assert not alive(Servers(request_.cluster), seen[0])
    assert leaked(raised.value, [seen[0].reveal()]) == []


@pytest.mark.real
def test_a_token_that_cannot_be_revoked_is_told_with_its_end(
    owned: OwnedCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    request = owned.request
    seen: list[Secret] = []

    def use_it(*, fail: bool) -> None:
        with faulty(request.cluster.members[0], tls=owned.cluster.tls) as server:
            through = replace(request.cluster, members=(server.url,))
            with minted(through, request.custody, ttl="90s") as token:
                seen.append(token)
                server.refuse()
                if fail:
                    raise RuntimeError("the command's own")

    told = "could not be revoked .* it ends by itself after 90s"
    with pytest.raises(CustodyError, match=told):
        use_it(fail=False)
    assert capsys.readouterr().err == ""
    # Whatever stopped the caller stays what he sees; who is shown no notes reads it on standard error.
    with pytest.raises(RuntimeError, match="the command's own") as raised:
        use_it(fail=True)
    shown = capsys.readouterr().err
    assert re.search(told, shown)
    assert raised.value.__notes__ == [shown.rstrip()]

    for token in seen:
        assert leaked(raised.value, [token.reveal()]) == []
        assert token.reveal() not in shown
        assert alive(Servers(request.cluster), token)
        revoke(Servers(request.cluster), token)


_CHILD = """
import ast, sys, time
from custody.request import AwsCustody, ClusterAddress
from custody.root import minted
cluster, custody = ast.literal_eval(sys.stdin.read())
with minted(ClusterAddress(**cluster), AwsCustody(**custody)):
    print("minted", flush=True)
    time.sleep(60)
"""


@pytest.mark.real
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_ended_leaves_no_token(number: signal.Signals, request_: Request) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=_ROOT,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(repr((vars(request_.cluster), vars(request_.custody))))
        child.stdin.close()
        assert child.stdout.readline() == "minted\n"
        assert look_inside(request_).root_tokens == 1

        child.send_signal(number)

        assert child.wait(timeout=20) != 0
    assert look_inside(request_).root_tokens == 0


@pytest.mark.real
def test_a_root_token_without_an_end_that_a_kill_left_is_revoked_by_the_next_mint(
    request_: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    run_killed(request_, "after generate-root", "update")
    assert look_inside(request_).root_tokens == 1

    with minted(request_.cluster, request_.custody) as token:
        assert look_inside(request_).root_tokens == 1
        assert alive(Servers(request_.cluster), token)

    assert look_inside(request_).root_tokens == 0
    assert capsys.readouterr().err.startswith("revoked a root token without an end, made 2")


@pytest.mark.real
def test_a_root_token_with_an_end_is_left_to_whoever_minted_it(
    request_: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = Servers(request_.cluster)

    with (
        minted(request_.cluster, request_.custody) as first,
        minted(request_.cluster, request_.custody),
    ):
        assert alive(servers, first)

    assert not alive(servers, first)
    assert capsys.readouterr().err == ""


@pytest.mark.real
def test_somebody_elses_attempt_is_left_alone(request_: Request) -> None:
    client = Servers(request_.cluster).active_generate_root()
    attempt = client.sys.start_root_token_generation()

    with (
        pytest.raises(CustodyError, match=f"in progress .*{attempt['nonce']}.*cancel"),
        minted(request_.cluster, request_.custody),
    ):
        pytest.fail("a token was minted")

    still = client.sys.read_root_generation_progress()
    assert (still["started"], still["nonce"]) == (True, attempt["nonce"])
    client.sys.cancel_root_generation()


@pytest.mark.real
def test_keys_of_another_cluster_are_said_and_the_attempt_is_cancelled(
    request_: Request, other: Request, emulator: Emulator
) -> None:
    with (
        pytest.raises(CustodyError, match="custody belongs to cluster"),
        minted(request_.cluster, other.custody),
    ):
        pytest.fail("a token was minted")

    # Without the owner's mark nothing tells before the server does.
    moved = replace(other.custody, prefix="unmarked/")
    s3 = emulator.client("s3")
    for index in range(5):
        s3.copy_object(
            Bucket=moved.bucket,
            Key=f"unmarked/vault-recovery-{index}",
            CopySource=f"{moved.bucket}/vault-recovery-{index}",
        )
    with (
        pytest.raises(CustodyError, match="don't fit the cluster") as refused,
        minted(request_.cluster, moved),
    ):
        pytest.fail("a token was minted")

    client = Servers(request_.cluster).active_generate_root()
    assert not client.sys.read_root_generation_progress()["started"]
    assert leaked(refused.value, _recovery_keys(other)) == []


def _recovery_keys(request_: Request) -> list[str]:
    custody = custody_at(request_.custody)
    keys = [custody.get(f"vault-recovery-{index}") or b"" for index in range(5)]
    return [custody.decrypt(each).decode() for each in keys]


@pytest.mark.real
def test_a_closed_generate_root_is_said_with_what_opens_it(
    request_: Request,
) -> None:
    shut = replace(request_.cluster, generate_root_members=request_.cluster.members)

    with (
        pytest.raises(CustodyError, match=r"generate-root is not reachable .*disable_unauthed"),
        minted(shut, request_.custody),
    ):
        pytest.fail("a token was minted")


@pytest.mark.real
def test_three_of_five_keys_are_enough(other: Request) -> None:
    custody = custody_at(other.custody)
    for index in (0, 3):
        custody.hide(f"vault-recovery-{index}")
    with minted(other.cluster, other.custody) as token:
        assert alive(Servers(other.cluster), token)

    custody.hide("vault-recovery-1")
    with (
        pytest.raises(CustodyError, match="holds 2 recovery keys, 3 are needed"),
        minted(other.cluster, other.custody),
    ):
        pytest.fail("a token was minted")


def test_the_one_time_password_is_taken_off_as_both_servers_put_it_on() -> None:
    # As HashiCorp documents it: base64 without padding, XOR with the password's characters.
    answer = {"encoded_token": "BEMuFXwiHB0XJzdGVyYaSktMFCUJNDhHBQ", "encoded_root_token": ""}
    password = Secret("w" * 25)

    token = decoded(answer, password).reveal()

    assert len(token) == 25
    assert decoded({"encoded_root_token": answer["encoded_token"]}, password).reveal() == token
