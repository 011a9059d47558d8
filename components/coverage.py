"""What the limited account's acl covers: the declared shape, and what was taken out of it and is not gone yet.

Pulumi deletes at the end of `up`, after the account's acl was written, and may fail to. So the update that removes
something still covers it; a later one looks whether it is mounted, and drops it only if it isn't.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acl.account import Shape

_LOOKS = 2


def unsettled(olds: Mapping[str, Any], shape: object) -> bool:
    """Whether an update may yet find that the acl can shrink to `shape` (as a document).

    Two updates in a row that find everything still mounted settle it, so that a mount which stays for good shows no
    difference for ever. Not one: it looks before its run's deletions, which may be those that failed in the run before.
    """
    return bool(olds.get("covered") != shape and int(olds.get("looked", 0)) < _LOOKS)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """One update's."""

    declared: Shape
    removed_now: Shape
    """The shape before this update."""
    before: Shape
    """What the acl covered before this update."""
    looked: int
    """How many updates in a row have found everything still mounted."""

    @classmethod
    def of(cls, olds: Mapping[str, Any], news: Mapping[str, Any]) -> "Coverage":
        """Read the state's and the program's properties."""
        return cls(
            declared=Shape.from_document(news["shape"]),
            removed_now=Shape.from_document(olds["shape"]),
            before=Shape.from_document(olds["covered"]),
            looked=int(olds.get("looked", 0)),
        )

    @property
    def widest(self) -> Shape:
        """Everything that may have to be covered: right where nobody knows what is mounted."""
        return self.declared.united(self.removed_now).united(self.before)

    def given(
        self,
        engines: Mapping[str, str],
        methods: Mapping[str, str],
        acls: frozenset[str] = frozenset(),
    ) -> Shape:
        """What has to be covered where this is mounted (path -> type), and these acls are there.

        Something of another type at the same path is nothing that was ever declared.
        """
        still = Shape(
            key_value=frozenset(p for p in self.before.key_value if engines.get(p) == "kv"),
            methods={p: kind for p, kind in self.before.methods.items() if methods.get(p) == kind},
            adopted_mounts=frozenset(p for p in self.before.adopted_mounts if p in engines),
            adopted_methods=frozenset(p for p in self.before.adopted_methods if p in methods),
            adopted_acls=self.before.adopted_acls & acls,
        )
        return self.declared.united(self.removed_now).united(still)

    def looked_in_vain(self, covered: Shape) -> bool:
        """Whether this update changed nothing and `covered` is still more than is declared."""
        return covered == self.before and self.declared == self.removed_now != covered

    def outputs(self, covered: Shape) -> dict[str, Any]:
        """What the next update must know."""
        looked = self.looked + 1 if self.looked_in_vain(covered) else 0
        return {"covered": covered.to_document(), "looked": looked}

    def left(self, covered: Shape) -> list[str]:
        """Name what is covered and declared no more."""
        return covered.beyond(self.declared)
