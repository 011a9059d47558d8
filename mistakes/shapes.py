"""Text of a certain shape: the pattern for the machine, the name and an example for people.

A shape is the type of a pydantic field; its pattern enters the JSON Schema, its words the message.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict
from pydantic_core import PydanticCustomError

from mistakes.document import Path, show

WORDS: dict[str, tuple[str, str]] = {}
"""Pattern -> what the shape is called, after "must be", and an example."""


def refuse(wrong: str, cure: str) -> PydanticCustomError:
    """Make the error that a validator raises; `explain` prints `wrong` after the field's path."""
    return PydanticCustomError("refused", "{wrong}; {cure}", {"wrong": wrong, "cure": cure})


def refuse_all(findings: Iterable[tuple[Path, str, str]]) -> None:
    """Raise for every finding (path below this model, what is wrong, what to write), if there is any.

    Raises:
        PydanticCustomError: what a model's validator raises; `explain` makes one mistake of each finding.

    """
    found = list(findings)
    if found:
        text = "; ".join(f"{show(path)} {wrong}; {cure}" for path, wrong, cure in found)
        raise PydanticCustomError("findings", "{text}", {"text": text, "findings": found})


def shape(pattern: str, words: str, example: str, longest: int | None = None) -> Any:
    """Annotate text that must match `pattern` and is called `words` in messages."""
    WORDS[pattern] = words, example
    return Field(pattern=pattern, examples=[example], max_length=longest)


Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
YesNo = Annotated[bool, Strict()]

# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
Label = Annotated[
    Text,
    shape(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a DNS label: at most 63 lower-case letters, digits and hyphens, with no hyphen at either end",
        "orders",
    ),
]
# Part of the names of mounts and resources.
ClusterName = Annotated[
    Text,
    shape(
        r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$",
        "a cluster's name: at most 32 lower-case letters, digits and hyphens, a letter in front",
        "edge",
    ),
]
ServiceId = Annotated[
    Text,
    shape(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a service: namespace/name",
        "shop/orders",
    ),
]
# Vault writes userpass names in lower case, so `Ada` would be found as `ada` only.
Possibility = Annotated[
    Text,
    shape(
        r"^(create|read|update|patch|delete|list|sudo) [A-Za-z0-9_][!-)+-~]{0,255}$",
        "a capability, a blank and one path without *: read kv/shop/orders/mail",
        "read kv/shop/orders/mail",
    ),
]

PersonName = Annotated[
    Text,
    shape(
        r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$",
        "a person's name: at most 63 lower-case letters, digits, dots, underscores and hyphens",
        "ada",
    ),
]
MountName = Annotated[
    Text,
    shape(
        r"^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$",
        "a mount's name: at most 63 lower-case letters, digits, underscores and hyphens, no slash",
        "kubernetes",
    ),
]
# What Vault's acls give a meaning to (`*`, `+`) and what URLs do (`?`, `#`, `%`) must not come in.
KeyValuePath = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
        "a path below the service's own, with no slash in front and no `..`:"
        " letters, digits, dots, underscores and hyphens, a slash between parts",
        "mail",
        256,
    ),
]
FieldName = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_][A-Za-z0-9._-]*$",
        "a field's name: letters, digits, dots, underscores and hyphens",
        "password",
        128,
    ),
]
# What a Kubernetes Secret takes as a key, and every volume as a file.
FileName = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        "a file's name: letters, digits, dots, underscores and hyphens, a letter or digit at either end",
        "mail.json",
        253,
    ),
]
CONFIG_KEY = r"^[A-Za-z][A-Za-z0-9_-]*$"
ConfigKey = Annotated[
    Text,
    shape(
        CONFIG_KEY,
        "a configuration key without `strongroom:`: a letter, then letters, digits, underscores"
        " and hyphens",
        "mailPassword",
        128,
    ),
]
Duration = Annotated[
    Text,
    shape(
        r"^[1-9][0-9]{0,6}[dhms]$",
        "a duration: a whole number and one of d, h, m, s",
        "30d",
    ),
]
# Paths stand in configurations that we write, between quotes.
FilePath = Annotated[
    Text,
    shape(
        r'^[^\x00-\x1f\x7f"\'\\$`]+$',
        "a path without quotes, backslashes, `$` and control characters",
        ".strongroom",
        1024,
    ),
]


def _bucket(name: str) -> str:
    if problem := bucket_problem(name):
        raise refuse(f"is no bucket name of S3's ({problem})", "write another name")
    return name


Bucket = Annotated[
    Text, Field(min_length=3, max_length=63, examples=["invoices"]), AfterValidator(_bucket)
]


def bucket_problem(name: str) -> str | None:
    """Say which of S3's rules for general purpose buckets a name breaks.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    for broken, rule in _BUCKET_RULES:
        if broken.search(name):
            return rule
    return None


_BUCKET_RULES = [
    (re.compile(pattern, re.DOTALL), rule)
    for pattern, rule in (
        (r"\A.{0,2}\Z|\A.{64}", "it has 3 to 63 characters"),
        # S3 takes dots, but its certificate doesn't cover a name with one.
        (r"[^a-z0-9-]", "it has lower-case letters, digits and hyphens only"),
        (r"\A-|-\Z", "it begins and ends with a letter or digit"),
        (r"\A(xn--|sthree-|amzn-s3-demo-)", "that beginning is reserved"),
        (r"(-s3alias|--ols-s3|--x-s3|--table-s3)\Z", "that ending is reserved"),
    )
]


def is_loopback(url: str) -> bool:
    """Say whether a URL's host is this machine, whatever the name server says."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        broken = not parts.hostname or parts.port == 0
    except ValueError:
        broken = True
    if broken or not re.fullmatch(r"[!-~]+", url) or '"' in url:
        raise refuse("is no URL", "write https://host, or https://host:port")
    if parts.username is not None or parts.query or parts.fragment:
        raise refuse("is more than scheme, host, port and path", "write https://host:port")
    if parts.scheme == "http" and not is_loopback(url):
        raise refuse("is plain http to another machine", "write https, or a loopback address")
    if parts.scheme not in ("http", "https"):
        raise refuse("is no https URL", "begin it with https://")
    return url


Url = Annotated[
    Text,
    Field(json_schema_extra={"format": "uri"}, examples=["https://vault.example.com:8200"]),
    AfterValidator(_url),
]


def _network(cidr: str) -> str:
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            raise refuse("is no network in CIDR notation", "write 10.0.0.0/8, say") from None
        raise refuse("has bits set beyond its prefix", f"write {network}") from None
    return str(network)


Cidr = Annotated[Text, Field(examples=["10.0.0.0/8"]), AfterValidator(_network)]
