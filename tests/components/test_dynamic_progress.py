import sys
from collections.abc import Iterator
from concurrent import futures

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from components.dynamic_progress import progress, tell


class _Engine(engine_pb2_grpc.EngineServicer):
    """The engine's side of the line."""

    def __init__(self) -> None:
        self.logged: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, _context: object) -> empty_pb2.Empty:  # noqa: N802  gRPC's name
        self.logged.append(request)
        return empty_pb2.Empty()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Engine]:
    servicer = _Engine()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    engine_pb2_grpc.add_EngineServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setattr(sys, "argv", ["pulumi.dynamic", f"127.0.0.1:{port}"])
    yield servicer
    server.stop(0)


def test_a_step_is_a_status_which_the_engine_does_not_repeat(
    engine: _Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    say = progress("bootstrap")
    say("init", "before")
    say("init", "after")

    [logged] = engine.logged
    assert logged.ephemeral
    assert logged.message.startswith("bootstrap: init (")
    assert capsys.readouterr().err == ""


def test_what_stays_goes_to_standard_error(
    engine: _Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    tell("kv: still mounted")

    assert engine.logged == []
    assert capsys.readouterr().err == "kv: still mounted\n"


@pytest.mark.parametrize("argument", ["tests/custody", "127.0.0.1:1"])
def test_without_an_engine_a_step_goes_to_standard_error(
    argument: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pulumi.dynamic", argument])

    progress("bootstrap")("init", "before")

    assert capsys.readouterr().err.startswith("bootstrap: init (")
