"""The metrics that alerts and dashboard ask for."""

import re

from components.monitoring.dashboard import PANELS
from components.monitoring.rules import RulesArgs, rule_spec

FROM_SOURCE = {"vault_seal_unreachable_time", "vault_seal_encrypt_error"}
"""Told only by the seal's own check, which OpenBao makes every ten minutes. Source: vault/seal_autoseal.go
(autoSealUnavailableDuration) and vault/seal/seal.go (Encrypt) of OpenBao 2.6 and of Vault 1.19."""
USED = set(
    re.findall(
        r"\bvault_[A-Za-z_]+",
        f"{rule_spec(RulesArgs(job='j', namespace='n', replicas=3))} {PANELS}",
    )
)
