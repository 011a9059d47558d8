"""What names and arguments of every cloud have in common. Pure."""

import hashlib
import re

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
)
STACK = re.compile(r"[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?")
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9/_.-]*")
"""Of objects. A star or `${` in it would turn a document's exact names into patterns."""
_DIGEST_LENGTH = 10


def fitted(name: str, limit: int) -> str:
    """Cut a name that is too long; a digest of the whole keeps two long names apart."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - _DIGEST_LENGTH - 1]}-{digest(name)}"


def digest(name: str) -> str:
    """Give ten characters that tell two names apart."""
    return hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]


def matches(field: str, value: str, pattern: re.Pattern[str], wanted: str) -> None:
    """Refuse a value that isn't wholly of the pattern.

    Raises:
        ValueError: naming the field.

    """
    if not pattern.fullmatch(value):
        raise ValueError(f"{field} must be {wanted}; it is {value!r}")
