from typing import Any

from acl.account import Shape
from components.coverage import Coverage, unsettled

DECLARED = Shape(key_value=frozenset({"kv"}), methods={"people": "userpass"})
WIDER = DECLARED.united(Shape(key_value=frozenset({"old"}), methods={"cluster": "jwt"}))


class _Stack:
    """What one resource's state and one server say, run after run."""

    def __init__(self, shape: Shape) -> None:
        self.state: dict[str, Any] = {"shape": shape.to_document(), "covered": shape.to_document()}
        self.engines = dict.fromkeys(shape.key_value, "kv")
        self.methods: dict[str, str] = dict(shape.methods)

    def up(self, shape: Shape) -> Shape | None:
        """Update if the state says so; give what is covered then. Nothing is deleted."""
        news = {"shape": shape.to_document()}
        if self.state["shape"] == news["shape"] and not unsettled(self.state, news["shape"]):
            return None
        coverage = Coverage.of(self.state, news)
        covered = coverage.given(self.engines, self.methods)
        self.state = {**news, **coverage.outputs(covered)}
        return covered

    def delete(self) -> None:
        """Do what the engine does at the end of a run."""
        del self.engines["old"]
        del self.methods["cluster"]


def test_what_a_run_removes_is_covered_until_its_end_and_no_longer() -> None:
    stack = _Stack(WIDER)

    assert stack.up(DECLARED) == WIDER
    stack.delete()
    assert stack.up(DECLARED) == DECLARED
    assert stack.up(DECLARED) is None


def test_what_could_not_be_deleted_is_covered_until_a_run_deletes_it() -> None:
    stack = _Stack(WIDER)

    assert stack.up(DECLARED) == WIDER
    assert stack.up(DECLARED) == WIDER
    stack.delete()
    assert stack.up(DECLARED) == DECLARED
    assert stack.up(DECLARED) is None


def test_what_stays_for_good_shows_no_difference_for_ever_and_is_looked_for_by_later_updates() -> (
    None
):
    stack = _Stack(WIDER)

    assert [stack.up(DECLARED) for _ in range(4)] == [WIDER, WIDER, WIDER, None]

    stack.delete()
    more = DECLARED.united(Shape(key_value=frozenset({"more"})))
    assert stack.up(more) == more
    assert stack.up(more) is None


def test_what_is_gone_is_dropped_while_the_rest_is_still_there() -> None:
    stack = _Stack(WIDER)
    stack.up(DECLARED)
    del stack.methods["cluster"]

    half = DECLARED.united(Shape(key_value=frozenset({"old"})))
    assert stack.up(DECLARED) == half
    del stack.engines["old"]
    assert stack.up(DECLARED) == DECLARED


def test_something_else_at_the_same_path_is_not_covered() -> None:
    stack = _Stack(WIDER)
    stack.up(DECLARED)
    stack.engines["old"] = "pki"
    stack.methods["cluster"] = "ldap"

    assert stack.up(DECLARED) == DECLARED


def test_only_what_was_declared_once_is_covered() -> None:
    stack = _Stack(DECLARED)
    stack.engines["somebody-elses"] = "kv"
    less = Shape(key_value=frozenset({"kv"}))

    assert stack.up(less) == DECLARED
    assert stack.up(less) == DECLARED


def test_what_is_left_is_named() -> None:
    news = {"shape": DECLARED.to_document()}
    coverage = Coverage.of({**news, "covered": WIDER.to_document(), "looked": 1.0}, news)

    covered = coverage.given({"old": "kv"}, {"cluster": "jwt"})

    assert coverage.looked_in_vain(covered)
    assert coverage.left(covered) == ["auth/cluster", "old"]
    assert coverage.outputs(covered)["looked"] == 2
    assert coverage.widest == WIDER


def test_an_adopted_acl_is_covered_until_it_is_gone() -> None:
    before = DECLARED.united(Shape(adopted_acls=frozenset({"orders"})))
    olds = {"shape": DECLARED.to_document(), "covered": before.to_document()}
    coverage = Coverage.of(olds, {"shape": DECLARED.to_document()})
    mounted = ({"kv": "kv"}, {"people": "userpass"})

    assert coverage.given(*mounted, frozenset({"orders", "default"})) == before
    assert coverage.given(*mounted, frozenset({"default"})) == DECLARED
    assert coverage.left(before) == ["acl orders"]
