"""What AWS's kinds share: errors in one line, tags, documents."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.plugins.aws.client import Aws, one_line
from sandbox.plugins.kind import Kind, Made, Property, Values, same

REGION = Property(name="region", immutable=True, computed=True)
TAGS = (Property(name="tags"), Property(name="tagsAll", output=True, volatile=True))


class AwsKind(Kind[Aws]):
    """Subclasses write the five methods with a trailing underscore and let boto3's errors pass."""

    def create(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        with one_line(f"create of {type(self).__name__}"):
            return self.create_(client, inputs)

    def read(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Read it."""
        with one_line(f"read of {type(self).__name__} {identity}"):
            found = self.read_(client, identity, state)
        if found is None:
            return None
        known = {**self.kept(state, believed_only=True), **found}
        if "region" in self.properties:
            known.setdefault("region", state.get("region") or client.region)
        return {name: value for name, value in known.items() if value is not None}

    def update(self, client: Aws, identity: str, state: Values, inputs: Values) -> Values:
        """Change what differs."""
        with one_line(f"update of {type(self).__name__} {identity}"):
            self.update_(client, identity, state, inputs)
        return self.now(client, identity, inputs)

    def delete(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it."""
        with one_line(f"delete of {type(self).__name__} {identity}"):
            self.delete_(client, identity, state)

    def now(self, client: Aws, identity: str, inputs: Values) -> Values:
        """Give the state after a write: the program's own words where AWS only words it differently."""
        found = self.read(client, identity, inputs) or {}
        as_given = {
            name: value
            for name, value in inputs.items()
            if self.properties[name].same(found.get(name), value)
        }
        return {**inputs, **found, **as_given}

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        raise NotImplementedError

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Read it."""
        raise NotImplementedError

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:
        """Change it; every kind without this one is replaced or rewritten whole."""
        raise NotImplementedError

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it."""
        raise NotImplementedError


def to_tags(
    tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value"
) -> list[dict[str, str]]:
    """`{a: b}` as AWS takes it; KMS spells the two names its own way."""
    return [{key: name, value: text} for name, text in (tags or {}).items()]


def from_tags(
    tags: Sequence[Mapping[str, str]], key: str = "Key", value: str = "Value"
) -> dict[str, Any]:
    """Both properties that tags are."""
    plain = {tag[key]: tag[value] for tag in tags}
    return {"tags": plain, "tagsAll": plain}


def gone_tags(state: Values, inputs: Values) -> list[str]:
    """Names of tags that are to be removed."""
    return sorted((state.get("tags") or {}).keys() - (inputs.get("tags") or {}).keys())


def same_document(old: Any, new: Any) -> bool:
    """Equal as IAM documents: one item is a list of one, and lists of items are sets."""
    if not (old and new):
        return same(old, new)
    try:
        return bool(_canonical(json.loads(old)) == _canonical(json.loads(new)))
    except ValueError:
        return bool(old == new)


_SCALARS = ("Version", "Id", "Sid", "Effect")


def _canonical(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {
            name: each
            if name in _SCALARS
            else _canonical(each if isinstance(each, list) else [each])
            for name, each in part.items()
        }
    if isinstance(part, list):
        items = [_canonical(each) if isinstance(each, Mapping | list) else each for each in part]
        # Statements stand in an order; actions, resources and principals don't.
        return sorted(items) if all(isinstance(each, str) for each in items) else items
    return part


def document(text: str) -> str:
    """IAM gives documents back as boto3 has parsed them, or as text: make it text."""
    return text if isinstance(text, str) else json.dumps(text, separators=(",", ":"))
