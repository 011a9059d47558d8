"""The analyzer is asked as the engine asks it, in protobuf."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, policy

from policies.framework import analyzer as analyzer_module
from policies.framework import pack
from policies.framework.analyzer import Analyzer, ResourcePolicy, StackPolicy
from policies.framework.exceptions import Entry, Exceptions
from policies.framework.properties import UNKNOWN, secret
from policies.rules import RULES
from policies.rules.cloud import keys
from policies.rules.stack import access
from policies.rules.stack.picture import SECRET
from sandbox import engine

CHECKOUT = Path(__file__).parents[3]
ADVISORY, MANDATORY = analyzer_pb2.ADVISORY, analyzer_pb2.MANDATORY
SAID = [keys.key_rotates, keys.key_deletion_waits, keys.seal_and_custody_key_differ]
GRANT = "aws:iam/rolePolicy:RolePolicy"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:local::strongroom::{type_}::{name}"


def entry(**changed: Any) -> Entry:
    return Entry.model_validate(
        {
            "rule": "key-rotates",
            "stacks": ["local"],
            "resource": "key",
            "reason": "the emulator rotates nothing",
            "expires": "2027-01-01",
            **changed,
        }
    )


@pytest.fixture
def analyzer() -> Analyzer:
    return made()


def made(*entries: Entry) -> Analyzer:
    found = Exceptions(entries=tuple(enumerate(entries, 2)), today=date(2026, 6, 30))
    policies = [StackPolicy(rule) if rule.whole_stack else ResourcePolicy(rule) for rule in SAID]
    return Analyzer(
        "strongroom", "1", [*policies, StackPolicy(found.rule())], EnforcementLevel.MANDATORY,
        exceptions=found,
    )  # fmt: skip


def struct(**inputs: Any) -> Any:
    return json_format.ParseDict(inputs, struct_pb2.Struct())


def key(**inputs: Any) -> Any:
    return analyzer_pb2.AnalyzeRequest(
        type=keys.AWS_KEY,
        urn=urn(keys.AWS_KEY, "key"),
        name="key",
        properties=struct(**{"enableKeyRotation": True, "deletionWindowInDays": 30, **inputs}),
    )


def in_stack(type_: str, name: str, outer: str = "", **depends: list[str]) -> Any:
    return analyzer_pb2.AnalyzerResource(
        type=type_,
        urn=urn(f"{outer}{type_}", name),
        name=name,
        properties=struct(),
        propertyDependencies={
            field: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
            for field, urns in depends.items()
        },
    )


def shared() -> Any:
    used = [urn(keys.AWS_KEY, "one")]
    parts = [
        in_stack(GRANT, part, f"strongroom:cloud:{part}$", policy=used)
        for part in ("SealIdentity", "Custody")
    ]
    return analyzer_pb2.AnalyzeStackRequest(resources=[in_stack(keys.AWS_KEY, "one"), *parts])


def configured(analyzer: Analyzer, rule: str, level: Any, **settings: Any) -> None:
    config = analyzer_pb2.PolicyConfig(enforcementLevel=level, properties=struct(**settings))
    request = analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={rule: config})
    analyzer.Configure(request, None)  # type: ignore[no-untyped-call]


def said(response: Any) -> list[tuple[str, int]]:
    return [(each.policyName, each.enforcementLevel) for each in response.diagnostics]


def test_what_is_wrong_is_told_with_its_reason_and_its_cure(analyzer: Analyzer) -> None:
    response = analyzer.Analyze(key(enableKeyRotation=False), None)

    assert said(response) == [("key-rotates", MANDATORY)]
    [told] = response.diagnostics
    assert told.message.splitlines() == [
        "A KMS key rotates by itself.",
        "rotation is off.",
        f"Why: {keys.key_rotates.reason}.",
        f"Cure: {keys.key_rotates.cure}.",
    ]
    assert told.severity == analyzer_pb2.POLICY_SEVERITY_HIGH
    assert told.urn == urn(keys.AWS_KEY, "key")
    assert said(analyzer.Analyze(key(), None)) == []


def test_what_is_not_known_yet_is_an_advisory_and_the_rest_is_looked_at(
    analyzer: Analyzer,
) -> None:
    response = analyzer.Analyze(key(enableKeyRotation=UNKNOWN, deletionWindowInDays=1), None)

    assert said(response) == [("key-rotates", ADVISORY), ("key-deletion-waits", MANDATORY)]
    assert response.diagnostics[0].message.splitlines()[1] == (
        "not known yet, checked at the update: enableKeyRotation"
    )


def test_a_team_tunes_a_rule_makes_it_advisory_or_switches_it_off(analyzer: Analyzer) -> None:
    week = key(deletionWindowInDays=7)
    assert said(analyzer.Analyze(week, None)) == []
    configured(analyzer, "key-deletion-waits", MANDATORY, days=14)
    assert said(analyzer.Analyze(week, None)) == [("key-deletion-waits", MANDATORY)]
    [told] = analyzer.Analyze(week, None).diagnostics
    assert "deletionWindowInDays is 7, and at least 14 are asked" in told.message
    configured(analyzer, "key-deletion-waits", ADVISORY, days=14)
    assert said(analyzer.Analyze(week, None)) == [("key-deletion-waits", ADVISORY)]
    configured(analyzer, "key-deletion-waits", analyzer_pb2.DISABLED, days=14)
    assert said(analyzer.Analyze(week, None)) == []


def test_the_stack_is_looked_at_as_a_whole(analyzer: Analyzer) -> None:
    response = analyzer.AnalyzeStack(shared(), None)
    assert said(response) == [("seal-and-custody-key-differ", MANDATORY)]
    assert response.diagnostics[0].urn == urn(keys.AWS_KEY, "one")


def test_a_part_of_the_stack_is_not_taken_for_the_whole(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert analyzer_module.PARTIAL == engine.PARTIAL
    monkeypatch.setenv(engine.PARTIAL, "true")
    assert said(analyzer.AnalyzeStack(shared(), None)) == []
    assert said(analyzer.Analyze(key(enableKeyRotation=False), None)) == [
        ("key-rotates", MANDATORY)
    ]


def test_what_a_part_of_the_stack_leaves_out_is_asked_about_with_nothing_in_it_and_not_judged(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = key()
    bare.properties.Clear()
    assert said(analyzer.Analyze(bare, None)) != []
    monkeypatch.setenv(engine.PARTIAL, "true")
    assert said(analyzer.Analyze(bare, None)) == []


def test_an_exception_lets_pass_and_the_stack_says_how_much() -> None:
    analyzer = made(entry())
    assert said(analyzer.Analyze(key(enableKeyRotation=False), None)) == []

    response = analyzer.AnalyzeStack(shared(), None)
    assert ("exceptions-hold", ADVISORY) in said(response)
    assert response.diagnostics[-1].message.endswith(
        "lets 1 pass until 2027-01-01: the emulator rotates nothing"
    )


def test_an_exception_that_expired_fails_twice() -> None:
    analyzer = made(entry(expires="2026-06-29"))
    assert said(analyzer.Analyze(key(enableKeyRotation=False), None)) == [
        ("key-rotates", MANDATORY)
    ]
    assert ("exceptions-hold", MANDATORY) in said(analyzer.AnalyzeStack(shared(), None))


def test_an_exception_that_covers_nothing_is_an_advisory() -> None:
    response = made(entry()).AnalyzeStack(shared(), None)
    assert ("exceptions-hold", ADVISORY) in said(response)


def test_what_is_switched_to_remediate_is_put_right_and_the_rest_kept(analyzer: Analyzer) -> None:
    request = key(enableKeyRotation=False, description=secret("x"), policy=UNKNOWN)
    assert not analyzer.Remediate(request, None).remediations

    configured(analyzer, "key-rotates", analyzer_pb2.REMEDIATE)
    [remedied] = analyzer.Remediate(request, None).remediations
    after = json_format.MessageToDict(remedied.properties)
    assert after == {
        "enableKeyRotation": True, "deletionWindowInDays": 30,
        "description": secret("x"), "policy": UNKNOWN,
    }  # fmt: skip
    assert not analyzer.Remediate(key(), None).remediations
    assert said(analyzer.Analyze(request, None)) == [("key-rotates", MANDATORY)]


def test_what_is_not_known_yet_is_not_put_right_in_the_dark(analyzer: Analyzer) -> None:
    configured(analyzer, "key-rotates", analyzer_pb2.REMEDIATE)
    unknown = key(enableKeyRotation=UNKNOWN)
    assert not analyzer.Remediate(unknown, None).remediations
    assert said(analyzer.Analyze(unknown, None)) == [("key-rotates", ADVISORY)]


def test_a_resource_that_concerns_no_rule_is_not_even_read(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    original: Callable[..., Any] = json_format.MessageToDict

    def counted(message: Any) -> Any:
        read.append(message)
        return original(message)

    monkeypatch.setattr(json_format, "MessageToDict", counted)
    other = analyzer_pb2.AnalyzeRequest(type="random:index:Id", urn=urn("random:index:Id", "a"))
    assert said(analyzer.Analyze(other, None)) == []
    assert read == []
    analyzer.Analyze(key(), None)
    assert len(read) == 1, "once, however many rules it concerns"


@pytest.mark.parametrize("told", [False, True])
def test_what_the_engine_sends_empty_to_rules_over_the_stack_is_judged_as_declared(
    told: bool,
) -> None:
    """As long as Vault's address is unknown; see `Analyzer.AnalyzeStack`."""
    analyzer = Analyzer(
        "strongroom", "1", [StackPolicy(access.secret_is_written_once)],
        EnforcementLevel.MANDATORY, exceptions=Exceptions(),
    )  # fmt: skip
    inputs = {"mount": "kv", "name": "shop/orders/mail"}
    secrets: list[dict[str, Any]] = [
        {"type": SECRET, "urn": urn(SECRET, name), "name": name} for name in ("a", "b")
    ]
    for each in secrets:
        analyzer.Analyze(analyzer_pb2.AnalyzeRequest(**each, properties=struct(**inputs)), None)

    elsewhere = struct(mount="kv", name="shop/orders/other") if told else struct()
    request = analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(**each, properties=properties)
            for each, properties in zip(secrets, (struct(), elsewhere), strict=True)
        ]
    )

    # What the engine does tell is taken for what will be.
    expected = [] if told else [("secret-is-written-once", MANDATORY)]
    assert said(analyzer.AnalyzeStack(request, None)) == expected


def test_every_rule_is_a_policy_of_its_name_and_the_exceptions_are_asked_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Put back afterwards.
    monkeypatch.setattr(policy, "_PolicyAnalyzerServicer", policy._PolicyAnalyzerServicer)
    policies = pack.policies(RULES)
    names = [each.name for each in policies]
    assert names == [*(rule.name for rule in RULES), "exceptions-hold"]
    tuned = {each.name for each in policies if each.config_schema}
    assert tuned == {rule.name for rule in RULES if rule.settings}


def test_the_pack_runs_as_the_engine_runs_it() -> None:
    directory = CHECKOUT / "policies"
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
                stub = analyzer_pb2_grpc.AnalyzerStub(channel)
                info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=20)
                response = stub.Analyze(key(enableKeyRotation=False), timeout=20)
        finally:
            process.kill()

    assert {each.name for each in info.policies} == {
        *(rule.name for rule in RULES),
        "exceptions-hold",
    }
    assert {each.enforcementLevel for each in info.policies} == {MANDATORY}
    assert all(each.remediation_steps and each.severity for each in info.policies)
    assert ("key-rotates", MANDATORY) in said(response)
