"""`python -m ops unseal`, against real servers that were all started anew."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
import requests

from custody.bootstrap import bootstrap
from custody.request import AwsCustody, Request
from custody.vault import Cluster as Servers
from custody.vault import wait_until
from tests.ops.command import CHECKOUT, run
from tests.ops.stack import StoredStack
from tests.real.cluster import Cluster
from tests.real.emulator import Emulator
from tests.real.request import request_for

pytestmark = pytest.mark.real


@pytest.fixture
def owned_shamir(three_shamir: Cluster, place: AwsCustody, tmp_path: Path) -> Request:
    request = request_for(three_shamir.address, place, tmp_path / "custody", seal="shamir")
    bootstrap(request)
    return request


def _stopped(cluster: Cluster) -> None:
    for index in range(len(cluster.nodes)):
        cluster.stop(index)


def _started(cluster: Cluster) -> None:
    for index in range(len(cluster.nodes)):
        cluster.start(index)


def _place(request: Request, folder: Path, **changed: object) -> Path:
    file = folder / "place.json"
    own = {
        key: value
        for key, value in asdict(request.custody).items()
        if key not in ("seal_credentials", "seal_token", "seal_proof")
    }
    cluster = asdict(request.cluster)
    file.write_text(json.dumps({**cluster, "custody": {**own, **changed}}))
    return file


@contextmanager
def _watching(place: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    command = ["unseal", "--watch", "--place", str(place), "--metrics", f"127.0.0.1:{port}"]
    with subprocess.Popen(
        [sys.executable, "-m", "ops", *command],
        cwd=CHECKOUT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _metrics(port: int) -> dict[str, int]:
    """Sum each metric over all servers; empty while nobody answers."""
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except requests.ConnectionError:
        return {}
    found: dict[str, int] = {}
    for line in answer.splitlines():
        if not line.startswith("#"):
            name, value = line.partition("{")[0], int(line.rpartition(" ")[2])
            found[name] = found.get(name, 0) + value
    return found


def test_all_servers_that_were_started_anew_come_back(
    owned_shamir: Request, three_shamir: Cluster, tmp_path: Path
) -> None:
    stack = StoredStack(tmp_path, owned_shamir)
    stack.write()
    _stopped(three_shamir)
    three_shamir.start(0)

    ran = stack.ops("unseal")

    urls = owned_shamir.cluster.members
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == [
        f"{urls[0]} was sealed and is unsealed",
        f"{urls[1]} does not answer; see its log",
        f"{urls[2]} does not answer; see its log",
    ]
    three_shamir.start(1)
    three_shamir.start(2)
    ran = stack.ops("unseal")
    assert (ran.returncode, ran.stderr) == (0, "")
    Servers(owned_shamir.cluster).wait_until_unsealed(30)
    again = stack.ops("unseal")
    assert again.stdout.splitlines() == [f"{url} is unsealed" for url in urls]


def test_a_watch_brings_each_back_whenever_it_is_started_anew_and_counts(
    owned_shamir: Request, three_shamir: Cluster, tmp_path: Path, free_port: int
) -> None:
    servers = Servers(owned_shamir.cluster)
    _stopped(three_shamir)

    with _watching(_place(owned_shamir, tmp_path), free_port) as watch:
        assert wait_until(lambda: bool(_metrics(free_port)), 30)
        _started(three_shamir)
        servers.wait_until_unsealed(60)
        three_shamir.stop(1)
        assert wait_until(lambda: _metrics(free_port)["strongroom_server_up"] == 2, 30)
        three_shamir.start(1)
        servers.wait_until_unsealed(60)

        def counted() -> bool:
            found = _metrics(free_port)
            return (found["strongroom_unseals_total"], found["strongroom_server_leader"]) == (4, 1)

        assert wait_until(counted, 30), _metrics(free_port)
        found = _metrics(free_port)
        assert found["strongroom_server_initialised"] == 3
        assert found["strongroom_server_sealed"] == 0
        watch.send_signal(signal.SIGTERM)
        output, _ = watch.communicate(timeout=30)

    assert watch.returncode == 0
    assert output.count("was sealed and is unsealed") == 4


def test_what_fails_is_counted_said_and_tried_again_ever_more_seldom(
    owned_shamir: Request, three_shamir: Cluster, emulator: Emulator, tmp_path: Path, free_port: int
) -> None:
    _stopped(three_shamir)
    three_shamir.start(0)
    key = emulator.client("kms").create_key(Description="another")["KeyMetadata"]["Arn"]
    wrong = _place(owned_shamir, tmp_path, custody_key=key)

    with _watching(wrong, free_port) as watch:
        assert wait_until(
            lambda: _metrics(free_port).get("strongroom_unseal_failures_total", 0) >= 2, 60
        )
        watch.send_signal(signal.SIGINT)
        output, _ = watch.communicate(timeout=30)

    assert watch.returncode == 0
    assert f"kms:Decrypt on {key}" in output
    assert "again in 2 s" in output
    assert "again in 4 s" in output


def test_a_reader_s_own_credentials_do_where_no_role_is_to_be_taken(
    owned_shamir: Request, three_shamir: Cluster, tmp_path: Path
) -> None:
    _stopped(three_shamir)
    _started(three_shamir)

    ran = run(tmp_path, "unseal", "--place", str(_place(owned_shamir, tmp_path, reader_role=None)))

    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_file_that_says_nothing_is_said_so(tmp_path: Path) -> None:
    empty = tmp_path / "place.json"

    missing = run(tmp_path, "unseal", "--place", str(empty))
    empty.write_text("{}")
    lacking = run(tmp_path, "unseal", "--place", str(empty))

    assert (missing.returncode, lacking.returncode) == (1, 1)
    assert "can't be read" in missing.stderr
    assert "lacks ca_certificate, custody, flavour, members" in lacking.stderr
