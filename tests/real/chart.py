"""The official Helm chart, where somebody has it: its schema, its values, and what it renders.

It is in no package registry and not ours to ship. VAULT_HELM_CHART names its directory.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]


def directory() -> Path | None:
    """The unpacked chart, or None."""
    named = os.environ.get("VAULT_HELM_CHART")
    for place in (named, Path.home() / ".cache" / "vault-lab" / "vault-helm"):
        if place and (Path(place) / "Chart.yaml").exists():
            return Path(place)
    return None


@cache
def schema() -> Any:
    """The chart's own schema of its values; skips where there is none."""
    chart = directory()
    places = [parent / "shared/vault-helm-values.schema.json" for parent in CHECKOUT.parents]
    if chart is not None:
        places.insert(0, chart / "values.schema.json")
    for place in places:
        if place.exists():
            return json.loads(place.read_text())
    pytest.skip("the chart's values.schema.json is nowhere here: set VAULT_HELM_CHART")


@cache
def defaults() -> Any:
    """The chart's values.yaml; skips where there is none."""
    chart = directory()
    if chart is None:
        pytest.skip("the chart is nowhere here: set VAULT_HELM_CHART")
    return yaml.safe_load((chart / "values.yaml").read_text())


def rendered(values: Mapping[str, Any], *, namespace: str = "vault") -> list[dict[str, Any]]:
    """Give the objects that helm makes of the chart and these values; skips without chart or helm."""
    chart, helm = directory(), _helm()
    if chart is None or helm is None:
        pytest.skip("helm or the chart is nowhere here: PATH and VAULT_HELM_CHART")
    finished = subprocess.run(
        [helm, "template", "vault", str(chart), "--namespace", namespace, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == "", "helm warns"
    return [each for each in yaml.safe_load_all(finished.stdout) if each]


def _helm() -> str | None:
    cached = Path(os.environ.get("STRONGROOM_CACHE", str(Path.home() / ".cache/strongroom")))
    built = sorted(map(str, cached.glob("helm-*/helm")))
    return shutil.which("helm") or (built[-1] if built else None)
