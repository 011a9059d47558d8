import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import emulator, ports
from sandbox.layout import Layout
from sandbox.problem import ProblemError

ADDRESSES = ("127.0.0.1", "127.0.0.2")


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    made = Layout(checkout=tmp_path)
    made.prepare()
    yield made
    emulator.stop(made)


def _client(service: str, address: str, port: int) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # a name that only the caller knows
        region_name="eu-central-1",
        endpoint_url=f"http://{address}:{port}",
        aws_access_key_id=emulator.CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=emulator.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.mark.real
def test_one_emulator_answers_at_every_address(layout: Layout) -> None:
    port = ports.remembered(layout, nodes=0).emulator

    assert emulator.start(layout, port, ADDRESSES)

    here, there = (_client("kms", address, port) for address in ADDRESSES)
    key = here.create_key()["KeyMetadata"]["KeyId"]
    sealed = there.encrypt(KeyId=key, Plaintext=b"a root key")["CiphertextBlob"]
    assert here.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"a root key"
    # And nowhere else.
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.3", port)) != 0
    assert not emulator.start(layout, port, ADDRESSES)


@pytest.mark.real
def test_an_emulator_that_lacks_an_address_is_not_taken_for_one_that_has_it(
    layout: Layout,
) -> None:
    port = ports.remembered(layout, nodes=0).emulator
    emulator.start(layout, port)

    with pytest.raises(ProblemError, match=r"does not answer at 127\.0\.0\.2;"):
        emulator.start(layout, port, ADDRESSES)


def test_an_address_of_another_machine_is_named(layout: Layout) -> None:
    port = ports.remembered(layout, nodes=0).emulator

    with pytest.raises(ProblemError, match=r"can't listen on 203\.0\.113\.77"):
        emulator.start(layout, port, ("127.0.0.1", "203.0.113.77"))

    assert emulator.pid(layout) is None


def test_a_taken_port_is_named_at_the_second_address_too(layout: Layout) -> None:
    port = ports.remembered(layout, nodes=0).emulator
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))
        other.listen()

        with pytest.raises(ProblemError, match=f"port {port} of the AWS emulator is taken"):
            emulator.start(layout, port, ADDRESSES)
