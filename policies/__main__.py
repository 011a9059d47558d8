"""The policy pack. The engine runs this file; `PolicyPack` serves until the engine ends it."""

import sys
from pathlib import Path

# The engine puts this directory on the path, and acl/ lies beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.framework import tuning
from policies.framework.pack import policies
from policies.rules import RULES

TUNING = tuning.read(Path(__file__).with_name("tuning.yaml"), RULES)
PolicyPack(
    name="strongroom",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=policies(RULES, TUNING),
    initial_config=TUNING.config,
)
