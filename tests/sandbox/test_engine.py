from collections import Counter

from pulumi_vault import Policy, jwt, kubernetes, kv

from sandbox.engine import REPEATABLE, described


def test_changes_are_counted_in_words() -> None:
    changes = Counter(
        {("create", "a:b/c:C"): 12, ("create", "d:e/f:F"): 1, ("update", "a:b/c:C"): 1}
    )

    assert described(changes) == "13 to create, 1 to update"
    assert described(Counter()) == "nothing"


def test_the_parts_of_a_replacement_count_once() -> None:
    steps = Counter(
        {("create-replacement", "a"): 1, ("replace", "a"): 1, ("delete-replaced", "a"): 1}
    )

    assert described(steps) == "1 to replace"


def test_only_what_is_written_over_goes_without_a_checkpoint() -> None:
    assert set(REPEATABLE) == {
        kind.pulumi_type  # type: ignore[union-attr]  # set on every resource class
        for kind in (Policy, jwt.AuthBackendRole, kubernetes.AuthBackendRole, kv.SecretV2)
    }
