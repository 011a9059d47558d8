"""Answers the engine's questions about resources. Stands in for the answering half of Pulumi's SDK.

The SDK reads a resource anew for each rule (45 rules of which three concern it: fifteen times too often,
and 2 ms a resource), opens secrets without saying which they were, and knows one level per policy,
where an exception and what isn't known yet are said and stop nothing. All else is the SDK's: the server, what it
tells of the policies, their configuration and levels. Protocol: Pulumi's `analyzer.proto`.
"""

# ruff: noqa: N802  methods are named by the protocol

import functools
import os
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies.framework.exceptions import Exceptions
from policies.framework.properties import Properties, UnknownError, plain, show
from policies.framework.resource import Finding, Resource, Stack
from policies.framework.rule import Outcome, Rule

PARTIAL = "STRONGROOM_PARTIAL"
"""Set to `true` by who runs the engine with a part of the stack: what is left out would be missed."""
_NAMED = 3


def _is_partial() -> bool:
    return os.environ.get(PARTIAL) == "true"


class ResourcePolicy(ResourceValidationPolicy):
    """What the engine is told of a rule over a resource."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(**_described(rule))
        self.rule = rule

    def has_remediation(self) -> bool:
        """Whether `enforcementLevel: remediate` does anything."""
        return self.rule.remedy is not None


class StackPolicy(StackValidationPolicy):
    """What the engine is told of a rule over the stack."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(**_described(rule))
        self.rule = rule


def _described(rule: Rule) -> dict[str, Any]:
    properties = {name: dict(schema) for name, schema in rule.settings.items()}
    return {
        "name": rule.name,
        "description": rule.title,
        "severity": rule.severity,
        "remediation_steps": rule.cure,
        "config_schema": PolicyConfigSchema(properties=properties) if properties else None,
    }


class Analyzer(_PolicyAnalyzerServicer):
    """Asks each rule about what concerns it."""

    def __init__(
        self,
        name: str,
        version: str,
        policies: Sequence[Policy],
        *rest: Any,
        exceptions: Exceptions,
    ) -> None:
        super().__init__(name, version, list(policies), *rest)
        self._pack = name, version
        self._policies = policies
        self._exceptions = exceptions
        self._about = functools.cache(self._concerned)
        self._of_stack = functools.cache(self._concerned_together)
        self._declared: dict[str, Any] = {}

    def Analyze(self, request: Any, _context: Any) -> Any:
        """Answer about one resource, before it is made."""
        response = analyzer_pb2.AnalyzeResponse()
        if _is_partial() and not request.properties.fields:
            # The engine asks about what it leaves out as well, with nothing in it. The run of all asks again.
            return response
        if self._of_stack(request.type):
            self._declared[request.urn] = request.properties
        resource: Resource | None = None
        for policy in self._about(request.type):
            level = self._get_enforcement_level(policy)
            if level is EnforcementLevel.DISABLED:
                continue
            resource = resource or _resource(request)
            outcome = policy.rule.on(resource, **self._settings(policy.rule))
            self._say(response, policy, level, _stack(request.urn), outcome)
        return response

    def AnalyzeStack(self, request: Any, _context: Any) -> Any:
        """Answer about the stack as it will be, or is."""
        response = analyzer_pb2.AnalyzeResponse()
        if _is_partial():
            return response
        of = functools.cache(lambda number: self._known(request.resources[number]))
        types = [each.type for each in request.resources]
        name = _stack(request.resources[0].urn) if types else ""
        shared: dict[object, Any] = {}
        for policy in self._policies:
            level = self._get_enforcement_level(policy)
            if level is EnforcementLevel.DISABLED or not isinstance(policy, StackPolicy):
                continue
            concerned = {each for each in set(types) if policy.rule.concerns(each)}
            resources = tuple(of(n) for n, each in enumerate(types) if each in concerned)
            stack = Stack(name=name, resources=resources, shared=shared)
            outcome = policy.rule.on(stack, **self._settings(policy.rule))
            self._say(response, policy, level, name, outcome)
        return response

    def Remediate(self, request: Any, _context: Any) -> Any:
        """Put right what a team has switched to `remediate`; secrets and unknown values stay what they are."""
        response = analyzer_pb2.RemediateResponse()
        raw: dict[str, Any] | None = None
        for policy in self._about(request.type):
            rule = policy.rule
            level = self._get_enforcement_level(policy)
            if level is not EnforcementLevel.REMEDIATE or rule.remedy is None:
                continue
            raw = json_format.MessageToDict(request.properties) if raw is None else raw
            resource = _resource(request, raw)
            outcome = rule.on(resource, **self._settings(rule))
            if not outcome.findings:
                # What isn't known yet the second question, `Analyze`, tells of.
                continue
            raw = {**raw, **rule.remedy(resource)}
            response.remediations.add(
                policyName=rule.name,
                policyPackName=self._pack[0],
                policyPackVersion=self._pack[1],
                description=rule.title,
                properties=json_format.ParseDict(raw, struct_pb2.Struct()),
            )
        return response

    def _known(self, resource: Any) -> Resource:
        """Read one of the stack's resources, by what was declared where the engine tells nothing of it.

        As long as a provider's own settings are unknown, as Vault's address is before its servers are there, the
        engine knows nothing of what its resources will be, and sends them empty.
        """
        declared = None if resource.properties.fields else self._declared.get(resource.urn)
        raw = None if declared is None else json_format.MessageToDict(declared)
        return _resource(resource, raw)

    def _concerned_together(self, type_: str) -> bool:
        return any(
            # What is about everything is about none of it: whether exceptions are needed.
            isinstance(policy, StackPolicy)
            and "*" not in policy.rule.types
            and policy.rule.concerns(type_)
            for policy in self._policies
        )

    def _concerned(self, type_: str) -> list[ResourcePolicy]:
        return [
            policy
            for policy in self._policies
            if isinstance(policy, ResourcePolicy) and policy.rule.concerns(type_)
        ]

    def _settings(self, rule: Rule) -> dict[str, Any]:
        given = (self._get_policy_config(rule.name) or {}) if rule.settings else {}
        return {
            name: value for name, value in plain(Properties(given)).items() if name in rule.settings
        }

    def _say(
        self, response: Any, policy: Any, level: EnforcementLevel, stack: str, outcome: Outcome
    ) -> None:
        rule = policy.rule
        # What a remediation did not put right fails.
        level = EnforcementLevel.MANDATORY if level is EnforcementLevel.REMEDIATE else level
        add = functools.partial(
            response.diagnostics.add,
            policyName=rule.name,
            policyPackName=self._pack[0],
            policyPackVersion=self._pack[1],
            description=rule.title,
            severity=self._map_severity(rule.severity),
        )
        advisory = self._map_enforcement_level(EnforcementLevel.ADVISORY)
        for finding in outcome.findings:
            urn = finding.resource.urn if finding.resource else ""
            if finding.advisory:
                add(message=f"{rule.title}\n{finding.message}", urn=urn, enforcementLevel=advisory)
            elif self._exceptions.entry(rule.name, stack, finding) is None:
                add(
                    message=_refusal(rule, finding),
                    urn=urn,
                    enforcementLevel=self._map_enforcement_level(level),
                )
        if outcome.unknown:
            urns = {error.urn for error in outcome.unknown}
            add(
                message=f"{rule.title}\nnot known yet, checked at the update: {_needed(outcome.unknown)}",
                urn=urns.pop() if len(urns) == 1 else "",
                enforcementLevel=advisory,
            )


def _refusal(rule: Rule, finding: Finding) -> str:
    return f"{rule.title}\n{finding.message}.\nWhy: {rule.reason}.\nCure: {rule.cure}."


def _needed(unknown: Iterable[UnknownError]) -> str:
    several = len({error.urn for error in unknown}) > 1
    names = {
        f"{error.urn.rpartition('::')[2]} {show(error.path)}" if several else show(error.path): None
        for error in unknown
    }
    named = list(names)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _stack(urn: str) -> str:
    return urn.split("::", maxsplit=1)[0].removeprefix("urn:pulumi:")


def _resource(request: Any, raw: dict[str, Any] | None = None) -> Resource:
    """Read what `Analyze`, `AnalyzeStack` and `Remediate` are sent of a resource."""
    found = json_format.MessageToDict(request.properties) if raw is None else raw
    whole = isinstance(request, analyzer_pb2.AnalyzerResource)
    return Resource(
        type=request.type,
        name=request.name,
        urn=request.urn,
        inputs=Properties(found, request.urn),
        protect=request.options.protect,
        parent=request.options.parent or None,
        dependencies=frozenset(request.dependencies) if whole else frozenset(),
        property_dependencies=(
            {name: frozenset(d.urns) for name, d in request.propertyDependencies.items()}
            if whole
            else {}
        ),
    )
