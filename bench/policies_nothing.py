"""The pack beside which `python -m bench.policies` measures ours: one rule, which does nothing."""

from typing import Any

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def _nothing(_args: Any, _report: Any) -> None:
    pass


PolicyPack(
    name="nothing",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[ResourceValidationPolicy("nothing", "Does nothing.", _nothing)],
)
