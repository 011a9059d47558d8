"""`python -m ops adopt`: what a Vault of somebody else's holds, as a catalogue file that imports it unchanged.

The engine's preview reads what it imports, as the account. So the account is made here, with the acl that the new file
asks for; the next `pulumi up` finds it as declared and needs no token.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from acl.account import Shape, account_acl
from catalog.adopted import AdoptedFile
from components.account import password_of
from components.external import LENT, lent
from components.server.address import external_cluster
from custody import external as outside
from custody import request
from custody.external import ExternalCluster
from custody.secret import Secret
from ops.holdings import Found, holdings
from ops.stack import ADOPTED, EXTERNAL, Resource, StackError, config_secret, resources, selected
from ops.yaml_text import yaml_text
from settings.external import External
from settings.load import PASSWORD, examine
from settings.login import Access, Account, People
from settings.shape import shape_of
from settings.stack import NAMESPACE, Stack, of_file

FILE = "adopted.yaml"


def adopt(
    root: Path, stack_name: str | None, config_file: Path | None = None
) -> tuple[Path, Found]:
    """Read the Vault with the lent token, write the file, make the account; nothing else in the Vault is changed.

    Raises:
        StackError: if the stack's Vault is not somebody else's, no token is lent, or another such file is there.
        MistakesError: if the file with the rest of the catalogue and the settings makes no whole.
        CustodyError: if the server does not answer or refuses.

    """
    name = stack_name or selected(root)
    stack = of_file(root, name, config_file)
    file = root / stack.values.get("catalog", "catalog") / FILE
    external = _external(stack)
    token = lent()
    if token is None:
        raise StackError(
            f"reading what {external.address} holds takes its owner's token; set {LENT} for this run"
        )
    cluster = _cluster(external)
    client = cluster.active(token)
    # What the program calls its own, if it was there before it.
    taken = {
        _setting(stack, part, "mount", model.model_fields["mount"].default): part
        for part, model in (("access", Access), ("people", People), ("account", Account))
    }
    own = _setting(stack, "account", "name", Account.model_fields["name"].default)
    state = resources(name)
    found = holdings(client, taken, {own, *_ours(state)})
    AdoptedFile.model_validate(found.document)
    _write(root, file, _text(external, found.document))
    settings, catalog = examine(of_file(root, name, config_file), root)
    shape = shape_of(settings, catalog)
    for each in state:
        if each.type == EXTERNAL:
            shape = shape.united(Shape.from_document(each.outputs["covered"]))
    _make_account(cluster, token, name, settings.account, shape)
    return file, found


def _ours(state: Sequence[Resource]) -> Iterator[str]:
    """Paths and names of what this program made itself, as far as the state knows."""
    for each in state:
        if each.type.startswith("vault:") and ADOPTED not in each.urn:
            yield from (
                str(each.outputs[name]) for name in ("path", "name") if name in each.outputs
            )


def _write(root: Path, file: Path, text: str) -> None:
    if file.exists() and file.read_text() != text:
        raise StackError(
            f"{file.relative_to(root)} is there and says something else; rename it, or delete it to adopt anew"
        )
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def _make_account(
    cluster: ExternalCluster, token: Secret, stack: str, said: Account, shape: Shape
) -> None:
    """Give the account an acl that covers what is declared, and what it covered before."""
    declared = request.Account(
        mount=said.mount,
        name=said.name,
        password=_password(said, stack),
        acl_name=said.name,
        acl=account_acl(shape, name=said.name, mount=said.mount),
        cidrs=said.cidrs,
    )
    outside.write(cluster, token, lambda _: declared)


def _password(said: Account, stack: str) -> Secret:
    if said.password_file:
        return password_of({"password_file": said.password_file})
    return Secret(config_secret(stack, f"{NAMESPACE}:{PASSWORD}"))


def _external(stack: Stack) -> External:
    try:
        return External.model_validate(json.loads(stack.values.get("server") or "{}"))
    except (ValueError, ValidationError):
        raise StackError(
            f"strongroom:server in {stack.document.file} is no Vault that somebody else runs: write kind: external,"
            " flavour and address"
        ) from None


def _setting(stack: Stack, part: str, name: str, default: Any) -> str:
    try:
        said = json.loads(stack.values.get(part) or "{}")
    except ValueError:
        said = {}
    return str(said.get(name, default)) if isinstance(said, dict) else str(default)


def _cluster(external: External) -> ExternalCluster:
    ca = None if external.ca is None else Path(external.ca).read_text()
    cluster = external_cluster(
        {
            "flavour": external.flavour,
            "address": external.address,
            "ca_certificate": ca,
            "namespace": external.vault_namespace,
        }
    )
    cluster.check_namespace()
    return cluster


def _text(external: External, document: Mapping[str, Any]) -> str:
    head = (
        "# yaml-language-server: $schema=../schemas/catalog.json\n"
        f"# What {external.address} held before this program, kept word for word. A service's own file, with its\n"
        "# narrower acl, takes the place of a role and an acl here: delete both when nobody logs in by them.\n"
    )
    body = yaml_text(document)
    # Literally what the server has, or not at all.
    if yaml.safe_load(body) != document:
        raise AssertionError("the file would not say what was read")
    return head + body
