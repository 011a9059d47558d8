"""What a program declared under the mock engine, as the policy pack is asked about it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.output import Unknown

from policies.framework.exceptions import Exceptions
from policies.framework.properties import UNKNOWN, Properties, secret
from policies.framework.resource import Finding, Resource, Stack
from policies.framework.rule import Rule
from tests import conftest
from tests.conftest import Declared


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the pack says of a stack."""

    refused: list[str]
    """`rule: resource: message`"""
    let_pass: list[str]
    unknown: list[str]
    """`rule: resource: path`"""


def resources_of(declared: Declared, stack: str) -> list[Resource]:
    """Give what the engine would send, of a stack of this name."""
    components = {(each.type, each.name): each for each in declared.resources if not each.custom}
    urns = [_urn(each, components, stack) for each in declared.resources]
    named: dict[str, set[str]] = defaultdict(set)
    for each, urn in zip(declared.resources, urns, strict=True):
        named[each.name].add(urn)
    return [
        Resource(
            type=each.type,
            name=each.name,
            urn=urn,
            inputs=Properties(
                {
                    key: secret(_sent(value)) if key in each.secrets else _sent(value)
                    for key, value in each.inputs.items()
                    if not key.startswith("__")
                },
                urn,
            ),
            protect=each.protect,
            dependencies=frozenset(urn for name in each.dependencies for urn in named[name]),
            property_dependencies={
                key: frozenset(urn for name in names for urn in named[name])
                for key, names in each.property_dependencies.items()
            },
        )
        for each, urn in zip(declared.resources, urns, strict=True)
    ]


def _sent(value: Any) -> Any:
    """Put the engine's mark where the SDK's stands for what isn't known."""
    if isinstance(value, dict):
        return {key: _sent(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_sent(each) for each in value]
    return UNKNOWN if isinstance(value, Unknown) else value


def _urn(
    resource: conftest.Resource,
    components: Mapping[tuple[str, str], conftest.Resource],
    stack: str,
) -> str:
    """Give the engine's URN, with every component around: the mock engine's has the nearest only."""
    chain, inner = [resource.type], resource
    while inner.parent is not None:
        [*_, outer, _] = inner.urn.split("::")[2].split("$")
        chain.insert(0, outer)
        inner = components[outer, inner.parent]
    return f"urn:pulumi:{stack}::strongroom::{'$'.join(chain)}::{resource.name}"


def verdict(
    rules: Sequence[Rule], declared: Declared, stack: str, exceptions: Exceptions
) -> Verdict:
    """Ask the rules, and the rule over exceptions last, as the analyzer does."""
    resources = resources_of(declared, stack)
    said = Verdict(refused=[], let_pass=[], unknown=[])
    for rule in (*rules, exceptions.rule()):
        concerned = tuple(each for each in resources if rule.concerns(each.type))
        subjects: Sequence[Resource | Stack] = (
            [Stack(name=stack, resources=concerned)] if rule.whole_stack else concerned
        )
        for subject in subjects:
            outcome = rule.on(subject)
            for finding in outcome.findings:
                text = f"{rule.name}: {_name(finding)}: {finding.message}"
                passes = finding.advisory or exceptions.entry(rule.name, stack, finding)
                (said.let_pass if passes else said.refused).append(text)
            for error in outcome.unknown:
                said.unknown.append(f"{rule.name}: {error.urn.rpartition('::')[2]}: {error}")
    return said


def _name(finding: Finding) -> str:
    return finding.resource.name if finding.resource else "stack"
