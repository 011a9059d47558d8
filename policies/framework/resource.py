"""What a rule looks at: one resource before it is made, or all of a stack's as they will be."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from policies.framework.properties import Properties, UnknownError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource."""

    type: str
    """Its token: `aws:kms/key:Key`, `pulumi-python:dynamic/strongroom:Owned`."""
    name: str
    urn: str
    inputs: Properties
    """camelCase. For a rule over the stack: what the resource will have, which is its inputs and more."""
    protect: bool = False
    parent: str | None = None
    """URN."""
    dependencies: frozenset[str] = frozenset()
    """URNs; known to rules over the stack only, as `property_dependencies`."""
    property_dependencies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Input -> URNs of what its value comes from. Known before the value is."""
    unknown: list[UnknownError] = field(default_factory=list)
    """What the rule that is running needed and did not get."""

    def at(self, dotted: str, default: Any = None) -> Any:
        """Give the input at `server.ha.replicas`; see `Properties.at`."""
        return self.inputs.at(dotted, default)

    @property
    def stack(self) -> str:
        """The name of its stack."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")

    def within(self, component: str) -> bool:
        """Whether a component of this type (`strongroom:cloud:Custody`) is around it, at any distance."""
        return component in self.urn.split("::")[2].split("$")[:-1]

    @contextmanager
    def if_known(self) -> Iterator[None]:
        """Go on behind this block if it needs what isn't known yet. It is remembered and reported."""
        try:
            yield
        except UnknownError as error:
            self.unknown.append(error)

    def finding(self, message: str) -> "Finding":
        """Say what is wrong with this resource."""
        return Finding(message=message, resource=self)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One breach of a rule. The message names fields and never a value that may be secret."""

    message: str
    resource: Resource | None = None
    """None: the stack as a whole."""
    advisory: bool = False
    """Said, and stops nothing."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Every resource that the stack will have, of the types that the rule asked for."""

    name: str
    resources: tuple[Resource, ...]
    unknown: list[UnknownError] = field(default_factory=list)
    shared: dict[object, Any] = field(default_factory=dict)
    """What rules have worked out for one another: see `once`."""

    def once(self, make: "Callable[[Stack], T]") -> T:
        """Give what `make` makes of this stack, made once for all rules that look at the same resources."""
        key = make, tuple(map(id, self.resources))
        if key not in self.shared:
            self.shared[key] = make(self)
        made: T = self.shared[key]
        return made

    def of(self, *types: str) -> list[Resource]:
        """Give the resources of these types; `*` stands for any text."""
        return [each for each in self.resources if any(fnmatchcase(each.type, t) for t in types)]

    @contextmanager
    def if_known(self) -> Iterator[None]:
        """Like `Resource.if_known`; what was needed names its resource itself."""
        try:
            yield
        except UnknownError as error:
            self.unknown.append(error)
