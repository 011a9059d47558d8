from typing import Any

from sandbox.plugins.kubernetes.ownership import new_manager, taken_over


def entry(manager: str, *fields: str, operation: str = "Update", **more: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "fieldsV1": {"f:data": {f"f:{each}": {} for each in fields}},
        **more,
    }


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries)}}


def test_each_object_has_a_manager_of_its_own() -> None:
    one, other = new_manager(), new_manager()
    assert one != other
    assert taken_over(live(entry(one)), other) is None


def test_what_people_changed_by_hand_is_taken_over() -> None:
    ours = entry("pulumi-kubernetes-1", "a", operation="Apply")
    other = entry("controller", "z")
    taken = taken_over(
        live(ours, entry("kubectl-edit", "b"), entry("kubectl", "c", operation="Apply"), other),
        "pulumi-kubernetes-1",
    )
    assert taken is not None
    [merged, rest] = taken
    assert rest == other
    assert (merged["manager"], merged["operation"]) == ("pulumi-kubernetes-1", "Apply")
    assert merged["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}}


def test_a_status_that_people_wrote_stays_theirs() -> None:
    assert taken_over(live(entry("kubectl-edit", "a", subresource="status")), "x") is None


def test_what_programs_own_is_theirs() -> None:
    assert taken_over(live(entry("helm", "a"), entry("pulumi-kubernetes-2", "b")), "x") is None
