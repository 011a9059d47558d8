"""Guesses, without an engine, which way of running it is the quickest. A wrong guess costs time, and nothing else.

The state is saved whole after each resource that is made: with thousands of acls, roles and secrets that takes ten
times as long as making them. These are repeatable (see `engine.py`), so a run that makes nothing else may save it
once, at its end. Whether a run makes anything else only the engine knows for certain: it refuses such a run, before
anything is lost, and the next way is taken.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.model import Service
from engine import REPEATABLE

# Fewer repeatable resources than this are recorded one by one like the rest: that takes a second or two.
_MANY = 300
# An acl, a role, and a secret or more.
_EACH = 3
_OWNED = "pulumi-python:dynamic/strongroom:Owned"
_CREDENTIAL = "strongroom:cloud:ApplicationCredential"


class Way(enum.Enum):
    """How to run the engine, from the quickest to the one that always works."""

    SAVED_ONCE = "saved once, at the end; only repeatable resources may be made or changed"
    REST_FIRST = (
        "all but the repeatable resources, saved one by one; then the repeatable ones, saved once"
    )
    ONE_BY_ONE = "saved after each resource"


def foreseen(resources: Iterable[Mapping[str, Any]], services: Iterable[Service]) -> Way:
    """Guess from the state's resources and the catalogue's services."""
    types = [each["type"] for each in resources]
    declared = list(services)
    repeatable = sum(each in REPEATABLE for each in types)
    if max(repeatable, _EACH * len(declared)) < _MANY:
        return Way.ONE_BY_ONE
    grants = sum(len(service.cloud) for service in declared)
    if _OWNED not in types or grants > types.count(_CREDENTIAL):
        return Way.REST_FIRST
    return Way.SAVED_ONCE
