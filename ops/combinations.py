"""docs/combinations.md: what goes together, asked of the very model that refuses the rest."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from mistakes.document import show
from settings.model import Settings

Document = dict[str, Any]

_CLOUDS: Mapping[str, Document] = {
    "aws": {
        "kind": "aws", "region": "eu-central-1", "accountId": "123456789012",
        "oidcProvider": "oidc.example.com/id/A",
    },
    "alicloud": {"kind": "alicloud", "region": "eu-central-1", "accountId": "1234567890123456"},
}  # fmt: skip
_SEALS: Mapping[str, Document] = {
    "awskms": {"kind": "awskms"},
    "alicloudkms": {"kind": "alicloudkms"},
    "transit": {
        "kind": "transit", "address": "https://keeper.example.com:8200", "keyName": "strongroom",
        "ca": "keeper-ca.pem", "tokenFile": "keeper-token",
    },
    "shamir": {"kind": "shamir"},
}  # fmt: skip
_STORAGES = ("raft", "mysql", "postgresql")
_FLAVOURS = ("vault", "openbao")
_REPLICAS = (1, 2, 3, 4, 5)
_KINDS = ("processes", "helm")
_PEM = {"certificate": "pem", "key": "pem", "ca": "pem"}


def text() -> str:
    """Give the page, whole."""
    reasons: dict[str, int] = {}

    def cell(refusals: list[str]) -> str:
        if not refusals:
            return "yes"
        return "no " + ", ".join(
            f"({reasons.setdefault(each, len(reasons) + 1)})" for each in refusals
        )

    columns = list(itertools.product(_CLOUDS, _SEALS))
    rows = [
        (
            f"{kind}, {flavour}, {storage}",
            [cell(refusals(kind, flavour, storage, 3, *column)) for column in columns],
        )
        for kind, flavour, storage in itertools.product(_KINDS, _FLAVOURS, _STORAGES)
    ]
    servers = [
        (kind, [cell(refusals(kind, "vault", "raft", n, "aws", "awskms")) for n in _REPLICAS])
        for kind in _KINDS
    ]
    return _PAGE.format(
        combinations=_table("servers, flavour, storage", [f"{c}, {s}" for c, s in columns], rows),
        servers=_table("servers", [str(n) for n in _REPLICAS], servers),
        reasons="\n".join(f"{number}. {reason}" for reason, number in reasons.items()),
    )


_PAGE = """\
# What goes together

Written by `python -m ops schema`: each combination was put to the model that reads a stack's settings, and what it
refuses stands below in its own words. *yes* means that it is taken and declared; what of it was run is said in the
page of its part.

{combinations}

How many servers:

{servers}

Beside a Vault that somebody else runs (`server.kind: external`) there is no seal, no custody and no storage to choose.

{reasons}
"""


def refusals(
    kind: str, flavour: str, storage: str, replicas: int, cloud: str, seal: str
) -> list[str]:
    """Give what the model says against one combination, one line each."""
    settings: Document = {
        "cloud": _CLOUDS[cloud],
        "seal": _SEALS[seal],
        "server": _server(kind, flavour, storage, replicas),
        "account": {"cidrs": ["10.0.0.0/8"], "passwordFile": "password"},
        "access": {"method": "kubernetes", "host": "https://kubernetes.example.com"},
    }
    try:
        Settings.model_validate(settings)
    except ValidationError as error:
        return [line for each in error.errors(include_url=False) for line in _lines(each)]
    return []


def _lines(error: Any) -> Iterator[str]:
    # pydantic names the chosen member of a union beside the field.
    place = tuple(each for each in error["loc"] if each not in (*_KINDS, *_CLOUDS, *_SEALS))
    if error["type"] == "findings":
        for below, wrong, cure in error["ctx"]["findings"]:
            yield f"`{show((*place, *below))}` {wrong}; {cure}"
    else:
        # A validator's own words, as `explain` prints them.
        yield f"`{show(place)}` {error['msg']}"


def _server(kind: str, flavour: str, storage: str, replicas: int) -> Document:
    database = (
        {}
        if storage == "raft"
        else {"database": {"kind": storage, "host": "db.example.com", "ca": "db-ca.pem"}}
    )
    if kind == "processes":
        return {
            "kind": kind, "flavour": flavour, "command": [flavour], "directory": "servers",
            "ports": [8200 + 2 * index for index in range(replicas)],
            "generateRootPorts": [8300 + index for index in range(replicas)],
            "tls": _PEM, **database,
        }  # fmt: skip
    if database:
        database["database"]["cidrs"] = ["10.7.0.0/24"]  # type: ignore[assignment]
    network = {"egressCidrs": ["10.1.0.0/16"], "apiServerCidrs": ["10.2.0.0/16"]}
    return {
        "kind": kind, "flavour": flavour, "replicas": replicas, "network": network,
        "address": "https://vault.example.com:8200", **database,
    }  # fmt: skip


def _table(corner: str, columns: list[str], rows: list[tuple[str, list[str]]]) -> str:
    lines = [
        [corner, *columns],
        ["---"] * (len(columns) + 1),
        *([head, *cells] for head, cells in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
