"""Makes of rules what `PolicyPack` takes."""

import functools
from collections.abc import Iterable
from pathlib import Path

from pulumi_policy import Policy, policy

from policies.framework import exceptions
from policies.framework.analyzer import Analyzer, ResourcePolicy, StackPolicy
from policies.framework.rule import Rule
from policies.framework.tuning import Tuning

_DIRECTORY = Path(__file__).parents[1]


def policies(rules: Iterable[Rule], tuning: Tuning) -> list[Policy]:
    """Give a policy for each rule, and have `PolicyPack` answer by `Analyzer`; for `__main__.py`."""
    rules = list(rules)
    found = exceptions.read(_DIRECTORY / "exceptions.yaml", {rule.name for rule in rules})
    # The SDK's only way to name what answers.
    setattr(policy, "_PolicyAnalyzerServicer", functools.partial(Analyzer, exceptions=found))  # noqa: B010
    return [
        StackPolicy(rule) if rule.whole_stack else ResourcePolicy(rule)
        for rule in (*rules, tuning.rule(), found.rule())
    ]
