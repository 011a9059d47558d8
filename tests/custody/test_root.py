"""Root tokens minted from the recovery keys: short-lived, and revoked whatever happens."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from custody.aws import Custody
from custody.bootstrap import bootstrap
from custody.errors import CustodyError
from custody.request import Request
from custody.root import _decoded, alive, minted
from custody.secret import Secret
from custody.vault import Cluster as Servers
from tests.real.cluster import running_cluster
from tests.real.emulator import Emulator, custody_place
from tests.real.inside import look_inside
from tests.real.leaks import leaked
from tests.real.request import request_for

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def owned(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Request, Request]]:
    """Two owned clusters: every test leaves them as they were."""
    directory = tmp_path_factory.mktemp("owned")
    places = (custody_place(emulator), custody_place(emulator))
    with (
        pytest.MonkeyPatch.context() as patch,
        running_cluster(directory / "one", emulator, places[0]) as one,
        running_cluster(directory / "two", emulator, places[1]) as two,
    ):
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        requests = tuple(
            request_for(cluster.address, place, directory / cluster.nodes[0].api)
            for cluster, place in zip((one, two), places, strict=True)
        )
        for request in requests:
            bootstrap(request)
        yield requests[0], requests[1]


@pytest.mark.real
def test_a_minted_token_is_root_for_minutes_and_then_dead(owned: tuple[Request, Request]) -> None:
    request, _ = owned
    servers = Servers(request.cluster)

    with minted(request.cluster, request.custody, ttl="90s") as token:
        found = servers.active(token).auth.token.lookup_self()["data"]
        assert found["policies"] == ["root"]
        assert 0 < found["explicit_max_ttl"] <= 90
        assert not found["renewable"]
        # Nothing else of generate-root is left alive meanwhile.
        assert look_inside(request).root_tokens == 1

    assert not alive(servers, token)
    assert look_inside(request).root_tokens == 0


@pytest.mark.real
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_caller_that_fails_leaves_no_token(
    error: type[BaseException], owned: tuple[Request, Request]
) -> None:
    request, _ = owned
    seen: list[Secret] = []

    def fail() -> None:
        with minted(request.cluster, request.custody) as token:
            seen.append(token)
            raise error

    with pytest.raises(error) as raised:
        fail()

    assert not alive(Servers(request.cluster), seen[0])
    assert leaked(raised.value, [seen[0].reveal()]) == []


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
def test_a_process_that_is_ended_leaves_no_token(
    number: signal.Signals, owned: tuple[Request, Request]
) -> None:
    request, _ = owned
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
        child.stdin.write(repr((vars(request.cluster), vars(request.custody))))
        child.stdin.close()
        assert child.stdout.readline() == "minted\n"
        assert look_inside(request).root_tokens == 1

        child.send_signal(number)

        assert child.wait(timeout=20) != 0
    assert look_inside(request).root_tokens == 0


@pytest.mark.real
def test_somebody_elses_attempt_is_left_alone(owned: tuple[Request, Request]) -> None:
    request, _ = owned
    client = Servers(request.cluster).active_generate_root()
    attempt = client.sys.start_root_token_generation()

    with (
        pytest.raises(CustodyError, match=f"in progress .*{attempt['nonce']}.*cancel"),
        minted(request.cluster, request.custody),
    ):
        pytest.fail("a token was minted")

    still = client.sys.read_root_generation_progress()
    assert (still["started"], still["nonce"]) == (True, attempt["nonce"])
    client.sys.cancel_root_generation()


@pytest.mark.real
def test_keys_of_another_cluster_are_said_and_the_attempt_is_cancelled(
    owned: tuple[Request, Request], emulator: Emulator
) -> None:
    request, other = owned
    with (
        pytest.raises(CustodyError, match="custody belongs to cluster"),
        minted(request.cluster, other.custody),
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
        minted(request.cluster, moved),
    ):
        pytest.fail("a token was minted")

    client = Servers(request.cluster).active_generate_root()
    assert not client.sys.read_root_generation_progress()["started"]
    assert leaked(refused.value, _recovery_keys(other)) == []


def _recovery_keys(request: Request) -> list[str]:
    custody = Custody(request.custody)
    keys = [custody.get(f"vault-recovery-{index}") or b"" for index in range(5)]
    return [custody.decrypt(each).decode() for each in keys]


@pytest.mark.real
def test_a_closed_generate_root_is_said_with_what_opens_it(
    owned: tuple[Request, Request],
) -> None:
    request, _ = owned
    shut = replace(request.cluster, generate_root_members=request.cluster.members)

    with (
        pytest.raises(CustodyError, match=r"generate-root is not reachable .*disable_unauthed"),
        minted(shut, request.custody),
    ):
        pytest.fail("a token was minted")


@pytest.mark.real
def test_three_of_five_keys_are_enough(owned: tuple[Request, Request]) -> None:
    _, request = owned
    custody = Custody(request.custody)
    for index in (0, 3):
        custody.hide(f"vault-recovery-{index}")
    with minted(request.cluster, request.custody) as token:
        assert alive(Servers(request.cluster), token)

    custody.hide("vault-recovery-1")
    with (
        pytest.raises(CustodyError, match="holds 2 recovery keys, generate-root needs 3"),
        minted(request.cluster, request.custody),
    ):
        pytest.fail("a token was minted")


def test_the_one_time_password_is_taken_off_as_both_servers_put_it_on() -> None:
    # As HashiCorp documents it: base64 without padding, XOR with the password's characters.
    answer = {"encoded_token": "BEMuFXwiHB0XJzdGVyYaSktMFCUJNDhHBQ", "encoded_root_token": ""}
    password = Secret("w" * 25)

    token = _decoded(answer, password).reveal()

    assert len(token) == 25
    assert _decoded({"encoded_root_token": answer["encoded_token"]}, password).reveal() == token
