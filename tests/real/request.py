"""A request for a bootstrap as tests make it."""

from dataclasses import replace
from pathlib import Path

from custody.request import Account, ClusterAddress, Place, Request, SealKind
from custody.secret import Secret

PASSWORD = "the-account's-own-password-1"  # of an account that lives for seconds
ACL = """path "auth/token/create" {
  capabilities = ["update"]
}

path "kv/data/*" {
  capabilities = ["create", "read", "update", "delete"]
}

path "sys/policies/acl/strongroom" {
  capabilities = ["deny"]
}
"""


def request_for(
    cluster: ClusterAddress,
    place: Place,
    directory: Path,
    *,
    password: str = PASSWORD,
    acl: str = ACL,
    patience: float = 30.0,
    seal: SealKind = "auto",
) -> Request:
    """Give a request with an account on its own mount."""
    account = Account(
        mount="strongroom",
        name="strongroom",
        password=Secret(password),
        acl_name="strongroom",
        acl=acl,
        cidrs=("127.0.0.1/32",),
    )
    return Request(
        cluster=cluster,
        custody=place,
        account=account,
        directory=directory,
        seal=seal,
        patience_seconds=patience,
        wipe_commands=("rm -r the-storage",),
    )


def impatient(request: Request) -> Request:
    """Give the same request, which waits for nothing: a denial is final at once."""
    return replace(request, patience_seconds=0.0)
