"""What goes wrong on a machine: each failure says what it is, loses nothing, and the next run finishes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from sandbox import lock, ports
from sandbox.environment import own_environment
from sandbox.layout import Layout
from tests.e2e.scratch import Scratch

pytestmark = [pytest.mark.e2e]
_CLOUD = (
    "aws:iam/accessKey:AccessKey", "aws:iam/user:User", "aws:kms/key:Key", "aws:s3/bucket:Bucket",
)  # fmt: skip


def _pid(scratch: Scratch, name: str) -> int:
    return int(scratch.sandbox_file(f"{name}/pid").read_text())


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _one_line(output: str, words: str) -> None:
    assert any(words in line for line in output.splitlines()), output
    assert "Traceback" not in output


def test_a_taken_port_is_named_and_nothing_is_left_half_done(scratch: Scratch) -> None:
    layout = Layout(checkout=scratch.path)
    layout.prepare()
    chosen = ports.remembered(layout)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", chosen.vault[1]))
        other.listen()

        ran = scratch.sandbox("up")

    assert ran.code != 0
    _one_line(ran.output, f"port {chosen.vault[1]} is taken by another process")


def test_a_stopped_emulator_is_named_and_afterwards_the_run_finishes(scratch: Scratch) -> None:
    with _stopped(_pid(scratch, "emulator")):
        ran = scratch.sandbox("up")

    assert ran.code == 1
    _one_line(ran.output, "does not answer at 127.0.0.1; wake it with `kill -CONT")


def test_an_emulator_that_stops_during_up_loses_nothing(scratch: Scratch) -> None:
    emulator = _pid(scratch, "emulator")
    process = _up_in_background(scratch)
    _wait_for(scratch.sandbox_file("vault/node-0/pid"))
    with _stopped(emulator):
        time.sleep(10)
    output, _ = process.communicate(timeout=200)

    # Whether that run got through depends on when it was stopped; the next one has to.
    assert "Traceback" not in output
    scratch.up()
    assert "password" in scratch.read(scratch.logged_in("shop/orders"), "kv/shop/orders/mail")


def test_a_second_make_up_while_one_runs_is_refused(scratch: Scratch) -> None:
    with lock.held(Layout(checkout=scratch.path), "up"):
        ran = scratch.sandbox("up")

    assert ran.code == 1
    _one_line(ran.output, "`make up` (process")
    assert len(ran.output.splitlines()) == 1


def test_a_node_killed_during_up_is_restarted_by_the_next(scratch: Scratch) -> None:
    scratch.service("shop/more", secrets={"a": {"b": {"config": "moreKey"}}})
    process = _up_in_background(scratch)
    time.sleep(4)
    os.kill(_pid(scratch, "vault/node-0"), signal.SIGKILL)
    output, _ = process.communicate(timeout=200)

    assert "Traceback" not in output
    scratch.up()
    assert "b" in scratch.read(scratch.logged_in("shop/more"), "kv/shop/more/a")


def test_a_copy_of_the_checkout_leaves_the_original_alone(scratch: Scratch, tmp_path: Path) -> None:
    copy = Scratch(tmp_path / "copy")
    shutil.copytree(scratch.path, copy.path, symlinks=True)

    refused = [copy.sandbox("up"), copy.sandbox("down")]

    for ran in refused:
        assert ran.code == 1
        _one_line(ran.output, f"was made at {scratch.path}")
    assert scratch.sandbox("status").code == 0


def test_an_interrupted_up_is_finished_by_the_next(scratch: Scratch) -> None:
    scratch.service(
        "shop/interrupted", cloud={"a": {"bucket": "parcels", "access": "read", "rotate": "30d"}}
    )
    process = _up_in_background(scratch)
    _wait_for_line(scratch.sandbox_file("pulumi.log"), "shop.interrupted")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=200)

    assert process.returncode == 130, output
    _one_line(output, "stopping: waiting for what is under way")
    scratch.up()
    assert "bucket" in scratch.read(
        scratch.logged_in("shop/interrupted"), "kv/shop/interrupted/cloud/a"
    )


def test_the_lock_of_an_engine_that_died_is_taken_away(scratch: Scratch) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    folder = scratch.sandbox_file("state/.pulumi/locks/organization/strongroom/local")
    folder.mkdir(parents=True, exist_ok=True)
    owner = {
        "pid": dead.pid,
        "username": "x",
        "hostname": socket.gethostname(),
        "timestamp": "2026-01-01T00:00:00Z",
    }
    (folder / "9e5e6b6e-0000-0000-0000-000000000000.json").write_text(json.dumps(owner))

    ran = scratch.up()

    _one_line(ran.output, "left Pulumi's lock: taken away")


def test_every_mistake_of_all_files_is_said_at_once(scratch: Scratch) -> None:
    broken = scratch.service("shop/broken", secrets={"../orders": {"x": {"config": "k"}}})
    settings = scratch.path / "Pulumi.local.yaml"
    before = settings.read_text()
    settings.write_text(before.replace("region: eu-central-1", "region: 5"))
    try:
        ran = scratch.sandbox("up")
    finally:
        settings.write_text(before)
        broken.unlink()

    assert ran.code == 1
    _one_line(ran.output, "catalog/shop-broken.yaml:")
    _one_line(ran.output, "Pulumi.local.yaml:")
    _one_line(ran.output, "cloud.region must be an AWS region")


def test_a_missing_catalogue_is_named(scratch: Scratch) -> None:
    catalogue = scratch.path / "catalog"
    aside = scratch.path / "aside"
    aside.mkdir()
    for file in catalogue.glob("*.yaml"):
        file.rename(aside / file.name)
    try:
        ran = scratch.sandbox("up")
    finally:
        for file in aside.iterdir():
            file.rename(catalogue / file.name)
        aside.rmdir()

    assert ran.code == 1
    _one_line(ran.output, "catalog")


def test_a_wrong_passphrase_is_named(scratch: Scratch) -> None:
    file = scratch.sandbox_file("passwords/passphrase")
    right = file.read_text()
    file.write_text("wrong")
    try:
        ran = scratch.sandbox("up")
    finally:
        file.write_text(right)

    assert ran.code == 1
    _one_line(ran.output, "passphrase")


def test_a_run_killed_before_it_recorded_anything_loses_no_cloud_resource(scratch: Scratch) -> None:
    before, recorded_before = _cloud(scratch), _recorded(scratch)
    secret = {"mail": {"password": {"config": "mailPassword"}}}
    granted = {"a": {"bucket": "crates", "access": "read", "rotate": "30d"}}
    files = [scratch.service(f"bulk/s{index}", secrets=secret) for index in range(100)]
    files.append(scratch.service("bulk/cloudy", secrets=secret, cloud=granted))
    process = _up_in_background(scratch)
    # So many that they are recorded once, at the end: by then the rest has been recorded one by one.
    _wait_for_line(scratch.sandbox_file("pulumi.log"), "svc-bulk.s50 created")

    _kill_all(process)

    assert process.returncode == -signal.SIGKILL
    made = _cloud(scratch) - before
    assert made == _recorded(scratch) - recorded_before
    # A bucket, two users, their two keys.
    assert len(made) == 5
    resources = Layout(checkout=scratch.path).resources()
    assert not [each["urn"] for each in resources if "bulk.s" in each["urn"]]

    scratch.up()

    assert _cloud(scratch) - before == made == _recorded(scratch) - recorded_before
    for service in ("bulk/s0", "bulk/s50", "bulk/s99", "bulk/cloudy"):
        login = scratch.logged_in(service)
        assert "password" in scratch.read(login, f"kv/{service}/mail")
    assert re.search(r"Resources:\n\s+\d+ unchanged\n", scratch.up().output)

    for file in files:
        file.unlink()
    scratch.up()
    assert _cloud(scratch) == before


def test_a_guess_that_was_wrong_costs_another_run_and_nothing_else(scratch: Scratch) -> None:
    before = _cloud(scratch)
    many = [scratch.service(f"bulk/s{index}") for index in range(100)]
    # One bucket goes and another comes: by their number nothing of the cloud is new.
    for name, index in (("first", 100), ("second", 101)):
        granted = {"a": {"bucket": name, "access": "read", "rotate": "30d"}}
        many.append(scratch.service(f"bulk/s{index}", cloud=granted))
        ran = scratch.up()
        many.pop().unlink()

    assert "again, recording it as it is made" in ran.output
    assert [name for name in _cloud(scratch) - before if name.endswith("-second")]
    assert not [name for name in _cloud(scratch) if name.endswith("-first")]
    for file in many:
        file.unlink()
    scratch.up()
    assert _cloud(scratch) == before


def test_a_lost_emulator_is_said_and_never_begun_again_in_silence(scratch: Scratch) -> None:
    os.kill(_pid(scratch, "emulator"), signal.SIGKILL)
    _gone(scratch)

    refused = scratch.sandbox("up")

    assert refused.code == 1
    _one_line(refused.output, "to delete it and begin again run `make up AGAIN=1`")
    assert scratch.sandbox_file("vault/node-0/data").exists()

    agreed = scratch.sandbox("up", "--again")

    assert agreed.code == 0, agreed.output
    assert "password" in scratch.read(scratch.logged_in("shop/orders"), "kv/shop/orders/mail")


def _up_in_background(scratch: Scratch) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "up"],
        cwd=scratch.path,
        env=own_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 120
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} never came"
        time.sleep(0.05)


def _wait_for_line(file: Path, words: str) -> None:
    deadline = time.monotonic() + 120
    while words not in file.read_text():
        assert time.monotonic() < deadline, f"{file} never said {words}"
        time.sleep(0.02)


def _kill_all(process: "subprocess.Popen[str]") -> None:
    """What a power cut does to a run: nobody gets to say a word. Servers and emulator go on."""
    everyone = psutil.Process(process.pid).children(recursive=True)
    for each in (psutil.Process(process.pid), *everyone):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.communicate(timeout=60)


def _cloud(scratch: Scratch) -> set[str]:
    """Give every bucket, key, user and access key that the emulator has."""
    client = scratch.emulator()
    iam = client("iam")
    users = [each["UserName"] for each in iam.list_users()["Users"]]
    keys = client("kms").list_keys()["Keys"]
    buckets = client("s3").list_buckets()["Buckets"]
    return {
        *users,
        *(each["KeyId"] for each in keys),
        *(each["Name"] for each in buckets),
        *(
            each["AccessKeyId"]
            for user in users
            for each in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        ),
    }


def _recorded(scratch: Scratch) -> set[str]:
    """Give the ids of the same in the stack's state."""
    return {
        each["id"] for each in Layout(checkout=scratch.path).resources() if each["type"] in _CLOUD
    }


def _gone(scratch: Scratch) -> None:
    layout = Layout(checkout=scratch.path)
    from sandbox import emulator  # noqa: PLC0415

    deadline = time.monotonic() + 10
    while emulator.pid(layout) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
