"""What all parts of the settings have in common."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from mistakes.document import Path
from mistakes.shapes import refuse_all

Finding = tuple[Path, str, str]
"""Path below the model that finds it, what is wrong, what to write."""


NODES = (1, 3, 5)
"""How many servers there may be."""


def miscounted(count: int) -> str | None:
    """Say why there can't be so many servers; None where there can."""
    if count in NODES:
        return None
    if count > max(NODES):
        return "more than 5 servers only wait for each other"
    return f"no more of {count} may fail than of {count - 1}" if count > 0 else "there is no server"


class Model(BaseModel):
    """Frozen, camelCase in YAML, nothing that isn't declared."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        # A refused value may be a secret in the wrong place.
        hide_input_in_errors=True,
    )

    @model_validator(mode="after")
    def _whole(self) -> "Model":
        refuse_all(self.findings())
        return self

    def findings(self) -> Iterator[Finding]:
        """Give what is wrong between fields that are right by themselves."""
        yield from ()
