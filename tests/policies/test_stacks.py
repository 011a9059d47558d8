"""Every stack that lies in the checkout passes the pack, with the exceptions that say why."""

from pathlib import Path

import pytest

from policies.framework import exceptions
from policies.rules import RULES
from tests.conftest import Declare
from tests.policies.declared import verdict
from tests.test_program import _as_it_was, _declared, config, in_pods  # noqa: F401  fixtures

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
