import pytest

from sandbox.plugins.kind import Difference
from sandbox.plugins.kubernetes.shape import difference, overlaid, pruned, without_system_fields
from sandbox.plugins.values import UNKNOWN


def unlike(old: object, new: object, *replacing: str) -> set[str]:
    return set(difference(old, new, replacing).replaces)


def test_what_the_server_added_is_cut_away() -> None:
    live = {
        "spec": {"replicas": 2, "strategy": {"type": "RollingUpdate"}},
        "status": {"replicas": 2},
    }
    assert pruned(live, {"spec": {"replicas": 1}}) == {"spec": {"replicas": 2}}


@pytest.mark.parametrize("empty", [{}, [], "", False, 0])
def test_what_was_declared_empty_and_is_absent_is_no_drift(empty: object) -> None:
    declared = {"spec": {"a": empty}}
    assert unlike(pruned({"spec": {}}, declared), declared) == set()


@pytest.mark.parametrize("empty", [{}, [], "", False, 0])
def test_what_is_newly_declared_empty_is_a_difference(empty: object) -> None:
    assert unlike({"spec": {}}, {"spec": {"a": empty}}) == {"spec.a"}


def test_false_is_not_absent_and_true_is_not_one() -> None:
    assert unlike({"a": False}, {}) == {"a"}
    assert unlike({"a": 1}, {"a": True}) == {"a"}


def test_a_container_is_found_by_its_name_and_a_foreign_one_left_alone() -> None:
    live = {"containers": [{"name": "proxy"}, {"name": "web", "image": "2", "tty": False}]}
    last = {"containers": [{"name": "web", "image": "1"}]}
    found = pruned(live, last)
    assert found == {"containers": [{"name": "web", "image": "2"}]}
    assert unlike(found, last) == {"containers[0].image"}


def test_an_additional_rule_or_subject_is_drift() -> None:
    declared = {"subjects": [{"kind": "ServiceAccount", "name": "a"}]}
    live = {"subjects": [*declared["subjects"], {"kind": "User", "name": "mallory"}]}
    assert unlike(pruned(live, declared), declared) == {"subjects[1]"}


def test_a_container_that_is_no_longer_declared_is_removed() -> None:
    two = {"containers": [{"name": "a"}, {"name": "b"}]}
    found = difference(two, {"containers": [{"name": "a"}]}, ())
    assert found.removed == {"containers[1]"}


@pytest.mark.parametrize(
    ("one", "other"), [("500m", "0.5"), ("1Gi", "1024Mi"), (1, "1"), ("1k", "1e3"), ("1000m", 1)]
)
def test_amounts_are_the_same_however_they_are_written(one: object, other: object) -> None:
    assert unlike({"requests": {"cpu": one}}, {"requests": {"cpu": other}}) == set()
    assert unlike({"data": {"cpu": one}}, {"data": {"cpu": other}}) == {"data.cpu"}


@pytest.mark.parametrize(("one", "other"), [("1Gi", "1G"), ("500m", "501m"), ("1", "x")])
def test_other_amounts_differ(one: str, other: str) -> None:
    assert unlike({"limits": {"memory": one}}, {"limits": {"memory": other}}) == {"limits.memory"}


def test_what_lies_below_a_path_that_replaces_replaces() -> None:
    found = difference(
        {"spec": {"selector": {"matchLabels": {"app": "a"}}, "selectorless": 1}},
        {"spec": {"selector": {"matchLabels": {"app": "b"}}, "selectorless": 2}},
        ["spec.selector"],
    )
    assert found.replaces == {"spec.selector.matchLabels.app": True, "spec.selectorless": False}


def test_added_and_removed_are_told_apart() -> None:
    found = difference({"a": 1, "b": {"c": 1}}, {"b": {"d": 1}}, ())
    assert found == Difference(
        replaces={"a": False, "b.c": False, "b.d": False},
        added=frozenset({"b.d"}),
        removed=frozenset({"a", "b.c"}),
    )


def test_what_nobody_owns_nobody_takes_away() -> None:
    assert difference({"a": 1, "b": [1, 2]}, {"b": [1]}, (), gone=False).replaces == {}


def test_an_unknown_value_is_a_difference() -> None:
    assert unlike({"a": [{"b": 1}]}, {"a": [{"b": UNKNOWN}]}) == {"a[0].b"}


def test_paths_are_written_as_pulumi_does() -> None:
    labels = {"metadata": {"labels": {"app.kubernetes.io/name": "a", 'q"': "b"}}}
    assert unlike({}, labels) == {
        'metadata.labels["app.kubernetes.io/name"]',
        'metadata.labels["q\\""]',
    }


def test_an_import_finds_what_a_program_could_have_declared() -> None:
    live = {
        "metadata": {
            "name": "a",
            "uid": "1",
            "managedFields": [],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"a": 1},
        "status": {"b": 1},
    }
    assert without_system_fields(live) == {"metadata": {"name": "a"}, "spec": {"a": 1}}


def test_a_preview_lays_inputs_over_the_state() -> None:
    state = {"metadata": {"name": "a", "uid": "1"}, "spec": {"ports": [1, 2]}}
    assert overlaid(state, {"metadata": {"name": "b"}, "spec": {"ports": [3]}}) == {
        "metadata": {"name": "b", "uid": "1"},
        "spec": {"ports": [3]},
    }
