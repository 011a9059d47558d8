"""Talks to a stand-in as the engine does: starts its process, reads the port, speaks gRPC."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.plugins.values import from_struct, to_struct

# Nulls inside values as the engine passes them on.
_sent = partial(to_struct, nulls=True)
_received = partial(from_struct, nulls=True)

CHECKOUT = Path(__file__).parents[3]
SECRET = "4dabf18193072939515e22adb298388d"


class Driver:
    """One running plugin."""

    def __init__(self, process: "subprocess.Popen[str]", channel: Any) -> None:
        self.process = process
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)

    @classmethod
    @contextmanager
    def start(cls, name: str) -> Iterator["Driver"]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"sandbox.plugins.{name}",
                version(f"pulumi-{name}"),
                "127.0.0.1:1",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            port = process.stdout.readline().strip()
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield cls(process, channel)
        finally:
            process.terminate()
            _, spoken = process.communicate(timeout=10)
        assert spoken == ""
        assert process.returncode == 0

    def configure(self, settings: Mapping[str, Any]) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=_sent(settings)))

    def check_config(self, settings: Mapping[str, Any]) -> list[str]:
        answer = self.stub.CheckConfig(
            provider_pb2.CheckRequest(urn=urn("pulumi:providers:x"), news=_sent(settings))
        )
        return [failure.reason for failure in answer.failures]

    def check(
        self, token: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token), news=_sent(inputs), olds=_sent(olds or {}), randomSeed=b"seed"
            )
        )
        return _received(answer.inputs), [failure.reason for failure in answer.failures]

    def preview(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=_sent(inputs), preview=True)
        )
        return _received(answer.properties)

    def create(self, token: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=_sent(inputs))
        )
        return answer.id, _received(answer.properties)

    def created_bare(self, token: str, inputs: Mapping[str, Any]) -> Any:
        """Give a create's answer with its marks."""
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=_sent(inputs))
        )

    def diff(
        self, token: str, state: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> tuple[set[str], set[str]]:
        """Give what differs, and which of it replaces."""
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(urn=urn(token), olds=_sent(state), news=_sent(inputs))
        )
        some = provider_pb2.DiffResponse.DIFF_SOME
        assert (answer.changes == some) == bool(answer.diffs)
        assert not answer.deleteBeforeReplace
        return set(answer.diffs), set(answer.replaces)

    def compare(
        self,
        token: str,
        state: Mapping[str, Any],
        olds: Mapping[str, Any],
        inputs: Mapping[str, Any],
    ) -> Any:
        """Give the whole answer of a diff that knows the old inputs too."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=urn(token), olds=_sent(state), old_inputs=_sent(olds),
                news=_sent(inputs),
            )
        )  # fmt: skip

    def cancel(self) -> None:
        self.stub.Cancel(Empty())

    def update(
        self,
        token: str,
        identity: str,
        state: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        preview: bool = False,
    ) -> dict[str, Any]:
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=urn(token), id=identity, olds=_sent(state), news=_sent(inputs), preview=preview
            )
        )  # fmt: skip
        return _received(answer.properties)

    def read(
        self,
        token: str,
        identity: str,
        state: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Give id, state and inputs; without a state it is an import."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                urn=urn(token), id=identity, properties=_sent(state or {}), inputs=_sent(inputs or {})
            )
        )  # fmt: skip
        return answer.id, _received(answer.properties), _received(answer.inputs)

    def delete(self, token: str, identity: str, state: Mapping[str, Any]) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(urn=urn(token), id=identity, properties=_sent(state))
        )

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=_sent(arguments)))
        return _received(getattr(answer, "return"))

    def version(self) -> str:
        return str(self.stub.GetPluginInfo(Empty()).version)


def urn(token: str) -> str:
    return f"urn:pulumi:dev::test::strongroom:x:Parent${token}::example"


def refusal(error: "grpc.RpcError") -> str:
    return str(error.details())
