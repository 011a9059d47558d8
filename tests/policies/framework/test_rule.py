from typing import Annotated, Any

import pytest
from pulumi_policy import Severity
from pydantic import Field

from policies.framework.properties import UNKNOWN, Properties, show
from policies.framework.resource import Finding, Resource, Stack
from policies.framework.rule import Findings, rule, stack_rule

TOLD: dict[str, Any] = {
    "reason": "it must be", "cure": "make it so", "severity": Severity.LOW,
}  # fmt: skip


@rule("aws:*", "kubernetes:core/v1:Secret", **TOLD)
def both_are_one(
    resource: Resource,
    *,
    most: Annotated[int, Field(ge=1, description="The most that they may be.")] = 1,
    names: Annotated[tuple[str, ...], Field(description="Names.")] = ("a", "b"),
) -> Findings:
    """Both are one."""
    for name in names:
        with resource.if_known():
            if resource.at(name) > most:
                yield f"{name} is too much"


@stack_rule("a:b:C", **TOLD)
def all_are_one(stack: Stack) -> Findings:
    """All are one."""
    for each in stack.of("a:b:C"):
        with stack.if_known():
            if each.at("a") != 1:
                yield each.finding("a is another")
    if not stack.resources:
        yield Finding(message="there is none", advisory=True)


def resource(name: str = "it", **inputs: Any) -> Resource:
    urn = f"urn:pulumi:test::strongroom::x:y:Outer$x:y:Inner$a:b:C::{name}"
    return Resource(type="a:b:C", name=name, urn=urn, inputs=Properties(inputs, urn))


def test_its_name_title_and_settings_are_the_functions_own() -> None:
    assert (both_are_one.name, both_are_one.title) == ("both-are-one", "Both are one.")
    assert both_are_one.settings["most"] == {
        "type": "integer", "minimum": 1, "default": 1, "description": "The most that they may be.",
    }  # fmt: skip
    assert both_are_one.settings["names"]["items"] == {"type": "string"}
    assert both_are_one.settings["names"]["default"] == ["a", "b"]
    assert all_are_one.settings == {}


@pytest.mark.parametrize(
    ("type_", "concerned"),
    [
        ("aws:s3/bucket:Bucket", True),
        ("kubernetes:core/v1:Secret", True),
        ("kubernetes:core/v1:Pod", False),
    ],
)
def test_it_concerns_types_by_their_tokens_and_by_stars(type_: str, concerned: bool) -> None:
    assert both_are_one.concerns(type_) is concerned


def test_what_is_unknown_hides_nothing_of_the_rest() -> None:
    outcome = both_are_one.on(resource(a=UNKNOWN, b=2))
    assert [finding.message for finding in outcome.findings] == ["b is too much"]
    assert [show(error.path) for error in outcome.unknown] == ["a"]


def test_it_remembers_nothing_of_what_it_was_asked_before() -> None:
    subject = resource(a=UNKNOWN, b=1)
    assert len(both_are_one.on(subject).unknown) == 1
    assert len(both_are_one.on(subject).unknown) == 1


def test_settings_are_taken() -> None:
    assert both_are_one.on(resource(a=2, b=2), most=2).findings == ()
    assert len(both_are_one.on(resource(a=2, b=2), names=["b"]).findings) == 1


def test_a_rule_over_the_stack_names_the_resource_of_each_finding_and_of_what_is_unknown() -> None:
    resources = (resource("good", a=1), resource("bad", a=2), resource("dark", a=UNKNOWN))
    outcome = all_are_one.on(Stack(name="test", resources=resources))
    assert [f.resource.name for f in outcome.findings if f.resource] == ["bad"]
    assert [error.urn.rpartition("::")[2] for error in outcome.unknown] == ["dark"]


def test_a_rule_that_stumbles_has_found_something_and_tells_no_value() -> None:
    outcome = both_are_one.on(resource(a="hunter2", b=1))
    [finding] = outcome.findings
    assert finding.message.startswith("can't be read by this rule (TypeError at test_rule.py:")
    assert "hunter2" not in finding.message


def test_what_is_around_a_resource_is_in_its_urn() -> None:
    assert resource().within("x:y:Outer")
    assert resource().within("x:y:Inner")
    assert not resource().within("a:b:C")


def test_a_rule_without_a_title_is_refused() -> None:
    def mute(resource: Resource) -> Findings:  # noqa: ARG001
        return ()

    with pytest.raises(TypeError, match="mute needs a type and a docstring"):
        rule("a:b:C", **TOLD)(mute)
