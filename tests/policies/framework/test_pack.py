"""The pack, as the engine runs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import policy

from policies.framework import pack
from policies.framework.tuning import Tuning
from policies.rules import RULES
from tests.policies.framework.test_analyzer import MANDATORY, key, said, shared, struct

CHECKOUT = Path(__file__).parents[3]


def test_every_rule_is_a_policy_of_its_name_and_the_exceptions_are_asked_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Put back afterwards.
    monkeypatch.setattr(policy, "_PolicyAnalyzerServicer", policy._PolicyAnalyzerServicer)
    policies = pack.policies(RULES, Tuning())
    names = [each.name for each in policies]
    assert names == [*(rule.name for rule in RULES), "tuning-holds", "exceptions-hold"]
    tuned = {each.name for each in policies if each.config_schema}
    assert tuned == {rule.name for rule in RULES if rule.settings}


@contextmanager
def running(directory: Path) -> Iterator[Any]:
    """Start a pack as the engine does."""
    # Nothing of the checkout is on the path but what the pack puts there itself.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(directory)],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.kill()


def test_the_pack_runs_as_the_engine_runs_it() -> None:
    with running(CHECKOUT / "policies") as stub:
        info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=20)
        response = stub.Analyze(key(enableKeyRotation=False), timeout=20)

    assert {each.name for each in info.policies} == {
        *(rule.name for rule in RULES),
        "tuning-holds",
        "exceptions-hold",
    }
    assert {each.enforcementLevel for each in info.policies} == {MANDATORY}
    assert all(each.remediation_steps and each.severity for each in info.policies)
    assert ("key-rotates", MANDATORY) in said(response)


def test_the_pack_tells_what_its_files_tune_and_refuses_settings_that_no_rule_has(
    tmp_path: Path,
) -> None:
    for name in ("policies", "acl"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    (tmp_path / "policies" / "tuning.yaml").write_text(
        "rules:\n  key-deletion-waits: {days: 20}\n  key-rotates: {level: remediate}\n  key-rotate: {}\n"
    )
    (tmp_path / "policies" / "exceptions.yaml").write_text("exceptions: none\n")
    config = analyzer_pb2.PolicyConfig(enforcementLevel=MANDATORY, properties=struct(dayz=3))

    with running(tmp_path / "policies") as stub:
        info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=20)
        response = stub.AnalyzeStack(shared(), timeout=20)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Configure(
                analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"key-deletion-waits": config}),
                timeout=20,
            )

    tuned = info.initialConfig
    assert set(tuned) == {"key-deletion-waits", "key-rotates"}
    assert tuned["key-deletion-waits"].enforcementLevel == MANDATORY
    assert dict(tuned["key-deletion-waits"].properties) == {"days": 20}
    assert tuned["key-rotates"].enforcementLevel == analyzer_pb2.REMEDIATE
    messages = [each.message for each in response.diagnostics if each.enforcementLevel == MANDATORY]
    assert any("tuning.yaml:4: there is no rule key-rotate;" in each for each in messages)
    assert any("exceptions.yaml:1: exceptions must be a list" in each for each in messages)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "key-deletion-waits has no setting dayz; write days"
