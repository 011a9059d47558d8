"""What is printed for each mistake in a catalogue file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.settings.project import Project, edited

CASES = yaml.safe_load((Path(__file__).parent / "wrong.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_each_mistake_is_one_line_with_its_place(tmp_path: Path, case: dict[str, Any]) -> None:
    project = Project(tmp_path)
    orders = project.catalog["orders.yaml"]
    project.catalog["orders.yaml"] = edited(orders, case.get("replace", {}).items())
    project.catalog.update(case.get("add", {}))

    assert project.mistakes() == case["says"]
