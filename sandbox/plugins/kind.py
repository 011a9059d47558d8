"""One type of resource, as a stand-in's table describes it: its properties, and the five things done to it."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sandbox.plugins.values import holds_unknown

Values = Mapping[str, Any]
"""Property name as in Pulumi's schema (camelCase) -> plain value."""


Client = TypeVar("Client")


def settled(value: Any) -> Any:
    """Give a value's comparable form: what is empty counts as absent, at every depth."""
    if isinstance(value, Mapping):
        inner = {name: settled(each) for name, each in value.items()}
        return {name: each for name, each in inner.items() if each is not None} or None
    if isinstance(value, list | tuple):
        return [settled(each) for each in value] or None
    return value or None


def same(old: Any, new: Any) -> bool:
    """Equal, where empty, zero, false and absent are one, as they are to the official plugins."""
    return bool(settled(old) == settled(new))


def same_set(old: Any, new: Any) -> bool:
    """Equal as sets: the server may give a list back in any order."""
    return same(_in_order(old), _in_order(new))


def _in_order(items: Any) -> Any:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if items else None


def same_json(old: Any, new: Any) -> bool:
    """Equal as JSON documents: neither spaces nor the order of keys count."""
    if not (old and new):
        return same(old, new)
    try:
        return bool(json.loads(old) == json.loads(new))
    except ValueError:
        return bool(old == new)


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property. Its behaviour is the official plugin's; the flags say which."""

    name: str
    immutable: bool = False
    """A change replaces the resource."""
    computed: bool = False
    """The server decides when the program doesn't: unknown in a preview, and no diff while unset."""
    output: bool = False
    """Only ever read: a program can't set it."""
    volatile: bool = False
    """An output that an update may change: unknown in the update's preview."""
    default: Any = None
    """What the plugin takes when the program gives nothing."""
    secret: bool = False
    write_only: bool = False
    """Sent with every write, never read back, never a reason for one; its version is."""
    unread: bool = False
    """Sent, but the server doesn't tell it: the state is believed."""
    own: bool = False
    """The plugin's own: the server never hears of it."""
    autonamed: bool = False
    """Named after the resource when the program gives no name."""
    same: Callable[[Any, Any], bool] = same
    nested: Mapping[str, Any] | None = None
    """The fields of the object, or of each object of the list, and theirs in turn. None: free."""
    wire: str = ""
    """The server's name for it; by default Pulumi's in snake case."""

    @property
    def believed(self) -> bool:
        """Whether only the state knows it."""
        return self.unread or self.own

    def unknown_fields(self, value: Any) -> list[str]:
        """Paths inside `value` that the table doesn't know."""
        return [] if self.nested is None else sorted(set(_unknown(value, self.nested, self.name)))


def _unknown(value: Any, nested: Mapping[str, Any], path: str) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _unknown(each, nested, path)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name not in nested:
                yield f"{path}.{name}"
            elif isinstance(nested[name], tuple):
                yield from _unknown(each, nested[name][1], f"{path}.{name}")


def snake(name: str) -> str:
    """`tokenBoundCidrs` -> `token_bound_cidrs`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def properties(*listed: Property) -> dict[str, Property]:
    """Give a kind's properties by name."""
    return {each.name: each for each in listed}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How declared inputs differ from what there is."""

    replaces: Mapping[str, bool]
    """Property, or path into one -> whether it replaces the resource."""
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    delete_first: bool = False
    """Whether a replacement's predecessor has to go first, since both would have the same name."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a create leaves: the id by which the server finds it again, and its state."""

    identity: str
    state: Values = field(repr=False)


class Kind(ABC, Generic[Client]):
    """One type of resource. Every method may raise RefusedError; `create` also IncompleteError."""

    properties: Mapping[str, Property]

    @abstractmethod
    def create(self, client: Client, inputs: Values) -> Made:
        """Make it. `inputs` are complete: defaults filled in."""

    @abstractmethod
    def read(self, client: Client, identity: str, state: Values) -> Values | None:
        """Give its state as the server has it; None if it is gone. `state` is empty in an import."""

    @abstractmethod
    def update(self, client: Client, identity: str, state: Values, inputs: Values) -> Values:
        """Make it as `inputs` say and give the new state. `state` is the old one."""

    @abstractmethod
    def delete(self, client: Client, identity: str, state: Values) -> None:
        """Delete it; that it is gone already is no error."""

    def checked(
        self, client: Client, inputs: Values, olds: Values, own_name: Callable[[int], str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Give inputs as the state keeps them, and what is refused: property -> why.

        `olds` are the inputs of before, empty for what is new; `own_name` makes a name out of the resource's
        own and that many random digits.
        """
        del client
        named = dict(inputs)
        for each in self.properties.values():
            if each.autonamed and each.name not in named:
                named[each.name] = olds.get(each.name) or own_name(7)
        return named, {}

    def difference(self, client: Client, state: Values, olds: Values, inputs: Values) -> Difference:
        """Hold declared inputs against the state, as read last; `olds` are the inputs that made it."""
        del client, olds
        changed = self.changed(state, inputs)
        return Difference(
            replaces={name: self.properties[name].immutable for name in changed},
            added=frozenset(name for name in changed if name not in state),
            removed=frozenset(name for name in changed if name not in inputs),
        )

    def previewed(self, state: Values, inputs: Values) -> dict[str, Any]:
        """Give what an update's preview knows of the new state."""
        told = {
            name: value
            for name, value in state.items()
            if name in self.properties
            and (self.properties[name].output or self.properties[name].computed)
        }
        return {**told, **self.kept(inputs)}

    def inputs_now(self, found: Values, inputs: Values) -> dict[str, Any]:
        """Give the inputs that would have made what was found: the state's own, but for what drifted."""
        now = dict(inputs)
        for each in self.properties.values():
            if each.output or each.write_only or each.believed:
                continue
            value = found.get(each.name)
            if each.name in inputs:
                if not each.same(value, inputs[each.name]) and not holds_unknown(inputs[each.name]):
                    now[each.name] = value if value is not None else each.default
            elif (not inputs or not each.computed) and not each.same(value, each.default):
                now[each.name] = value
        return now

    def completed(self, inputs: Values) -> dict[str, Any]:
        """Inputs with the plugin's own defaults."""
        defaults = {p.name: p.default for p in self.properties.values() if p.default is not None}
        return {**defaults, **{name: each for name, each in inputs.items() if each is not None}}

    def kept(self, state: Values, *, believed_only: bool = False) -> dict[str, Any]:
        """What of `state` may stay in the state: never what is write-only."""
        return {
            name: value
            for name, value in state.items()
            if name in self.properties
            and not self.properties[name].write_only
            and (not believed_only or self.properties[name].believed)
        }

    def changed(self, state: Values, inputs: Values) -> list[str]:
        """Names of the properties in which `inputs` differ from the state."""
        names = []
        for each in self.properties.values():
            if each.output or each.write_only:
                continue
            new, old = inputs.get(each.name), state.get(each.name)
            if new is None:
                if each.computed:
                    continue
                new = each.default
            if old is None:
                old = each.default
            if holds_unknown(new) or not each.same(old, new):
                names.append(each.name)
        return names
