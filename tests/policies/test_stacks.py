"""Every stack that lies in the checkout passes the pack, with the exceptions that say why."""

from pathlib import Path

import pytest

from policies.framework import exceptions
from policies.rules import RULES
from tests.conftest import Declare
from tests.policies.declared import verdict
from tests.test_program import _as_it_was, _declared, config, in_pods, with_others  # noqa: F401  fixtures

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize("stack", ["local", "cluster", "dev", "prod"])
def test_a_stack_passes(
    declare: Declare,
    config: dict[str, str],  # noqa: F811
    in_pods: dict[str, dict[str, str]],  # noqa: F811
    stack: str,
) -> None:
    declared = _declared(declare, config if stack == "local" else in_pods[stack])
    read = exceptions.read(CHECKOUT / exceptions.FILE, {rule.name for rule in RULES})

    said = verdict(RULES, declared, stack, read)

    assert said.refused == []
    assert said.unknown == []
    # An exception that covers nothing is there no longer than what it was for.
    assert [line for line in said.let_pass if "covers nothing" in line] == []


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_before_the_first_update_nothing_stops_a_stack_and_what_is_not_known_is_said(
    declare: Declare,
    config: dict[str, str],  # noqa: F811
    in_pods: dict[str, dict[str, str]],  # noqa: F811
    stack: str,
) -> None:
    declared = _declared(declare, config if stack == "local" else in_pods[stack], preview=True)
    read = exceptions.read(CHECKOUT / exceptions.FILE, {rule.name for rule in RULES})

    said = verdict(RULES, declared, stack, read)

    assert said.refused == []
    # The key's ARN stands in it.
    assert "actions-are-named: cloud-custody-reader-grant: policy is not known yet" in said.unknown


def test_other_clusters_need_the_exceptions_that_their_page_names(
    declare: Declare,
    with_others: dict[str, str],  # noqa: F811
) -> None:
    said = verdict(RULES, _declared(declare, with_others), "dev", exceptions.Exceptions())

    assert {tuple(line.split(": ")[:2]) for line in said.refused} == {
        ("no-token-lives-for-ever", "plant-reviewer-token"),
        ("namespaces-enforce-pod-security", "plant-namespace"),
    }
    page = (CHECKOUT / "docs" / "other-clusters.md").read_text()
    assert "`no-token-lives-for-ever`" in page
    assert "`namespaces-enforce-pod-security`" in page
