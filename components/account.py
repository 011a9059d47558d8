"""The limited account as its owner's properties, and the provider that works as it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_vault as vault

from custody.secret import Secret


@dataclass(frozen=True, kw_only=True)
class AccountArgs:
    """The limited account: whose acl follows from the declared shape."""

    mount: str
    name: str
    cidrs: tuple[str, ...]
    password_file: str | None = None
    """Path; the password itself then never enters the state."""
    password: pulumi.Output[str] | None = None
    """A secret; it lies encrypted in the state. Exactly one of the two."""

    def __post_init__(self) -> None:
        if (self.password_file is None) == (self.password is None):
            raise ValueError("exactly one of password_file and password must be given")
        if not self.cidrs:
            raise ValueError("cidrs must not be empty: the account is bound to where it is used")


class PasswordError(pulumi.RunError, ValueError):
    """The account's password can't be had or is too short."""


def account_properties(account: AccountArgs) -> dict[str, Any]:
    """Give the properties that say who the account is; no password stands in them in plain text."""
    return {
        "mount": account.mount,
        "name": account.name,
        "cidrs": list(account.cidrs),
        "password_file": account.password_file and absolute(account.password_file),
        "password": account.password and pulumi.Output.secret(account.password),
        "password_fingerprint": pulumi.Output.secret(_fingerprint(account)),
    }


def password_of(props: Mapping[str, Any]) -> Secret:
    """Give the password that the properties lead to.

    Raises:
        PasswordError: if its file can't be read, or holds none that would do.

    """
    if props.get("password_file"):
        return Secret(_read_password(props["password_file"]))
    return Secret(props["password"])


def account_provider(
    name: str,
    account: AccountArgs,
    *,
    address: pulumi.Input[str],
    ca_file: pulumi.Input[str] | None,
    parent: pulumi.Resource,
    namespace: str | None = None,
    after: pulumi.Resource | None = None,
) -> vault.Provider:
    """Give the provider that works as the account, in its namespace where there is one.

    `after` makes the account, where `address` says nothing of it.
    """
    return vault.Provider(
        name,
        address=address,
        ca_cert_file=ca_file,
        namespace=namespace,
        # Said, because VAULT_SKIP_VERIFY in somebody's shell would be taken otherwise.
        skip_tls_verify=False,
        auth_login_userpass=vault.ProviderAuthLoginUserpassArgs(
            mount=account.mount,
            namespace=namespace,
            username=account.name,
            password_file=account.password_file and absolute(account.password_file),
            password=account.password and pulumi.Output.secret(account.password),
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def _read_password(file: str) -> str:
    try:
        password = Path(file).read_text()
    except OSError as error:
        wrong, cure = f"can't be read ({error.strerror})", "write the password there"
    else:
        if password.strip() != password:
            # The provider reads the file byte for byte: its password would be another than ours.
            wrong, cure = (
                "begins or ends in white space",
                "write it with printf %s, without a newline",
            )
        elif len(password) < _PASSWORD_LENGTH:
            wrong, cure = (
                f"holds fewer than {_PASSWORD_LENGTH} characters",
                "write a longer password",
            )
        else:
            return password
    raise PasswordError(f"account.passwordFile {file} {wrong}; {cure}")


_PASSWORD_LENGTH = 16


def absolute(path: str) -> str:
    """Give the path for processes that run elsewhere."""
    return str(Path(path).resolve())


def _fingerprint(account: AccountArgs) -> pulumi.Output[str]:
    """What tells that the password changed, without being it. The state keeps it as a secret all the same."""
    if account.password is not None:
        return pulumi.Output.from_input(account.password).apply(
            lambda password: _scrypt(password, account)
        )
    return pulumi.Output.from_input(_scrypt(_read_password(account.password_file or ""), account))


def _scrypt(password: str, account: AccountArgs) -> str:
    salt = f"strongroom/{account.mount}/{account.name}".encode()
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()
