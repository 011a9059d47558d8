"""The page names every rule, and how each may be tuned."""

from ops.policies import text
from policies.rules import RULES


def test_every_rule_stands_in_the_table_once() -> None:
    page = text()

    for rule in RULES:
        assert page.count(f"| `{rule.name}` | {rule.title} |") == 1
    assert page.count("\n| `") == len(RULES) + 2, "and those over exceptions and tuning"


def test_what_may_be_tuned_and_put_right_is_said() -> None:
    [waits] = [line for line in text().splitlines() if line.startswith("| `key-deletion-waits`")]
    [rotates] = [line for line in text().splitlines() if line.startswith("| `key-rotates`")]

    assert waits.endswith("| `days` (7), puts right |")
    assert rotates.endswith("| puts right |")
