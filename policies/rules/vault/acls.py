"""Rules over what one acl says: those that the program writes, and its own account's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from acl.evaluator import Evaluator
from acl.rule import Source
from acl.stanza import Acl, Stanza
from acl.syntax import AclError
from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.vault import text
from policies.rules.vault.patterns import meeting

ACL = "vault:index/policy:Policy"
OWNED = "pulumi-python:dynamic/strongroom:Owned"
"""A cluster of the program's own. Its input `acl` is the limited account's."""
EXTERNAL = "pulumi-python:dynamic/strongroom:External"
"""Somebody else's; otherwise alike."""
ACCOUNTS = (OWNED, EXTERNAL)

_WRITING = frozenset({"create", "update", "patch", "delete"})
_ANY = _WRITING | {"read", "list", "scan", "sudo"}
_ROOTS = ("sys/*", "auth/*", "identity/*")
# More than the paths of a stack's acls.
_KEPT = 65536
_NO_MOUNTS = ("sys/", "auth/", "identity/", "cubbyhole/")

# Source: https://developer.hashicorp.com/vault/api-docs/system
_BREAK_GLASS: Mapping[str, frozenset[str]] = {
    "sys/raw/*": _ANY,
    "sys/seal": _WRITING,
    "sys/generate-root/*": _WRITING,
    "sys/rekey/*": _WRITING,
    "sys/rekey-recovery-key/*": _WRITING,
    "sys/rotate/root/*": _WRITING,
    "sys/rotate/recovery/*": _WRITING,
    "sys/audit/*": _WRITING,
    "sys/config/auditing/*": _WRITING,
    "sys/remount": _WRITING,
    "sys/plugins/catalog/*": _WRITING,
    "sys/leases/revoke-prefix/*": _WRITING,
    "sys/leases/revoke-force/*": _WRITING,
    "sys/storage/raft/snapshot": _WRITING | {"read"},
    "sys/storage/raft/snapshot-force": _WRITING,
}
_ORPHANS: Mapping[str, frozenset[str]] = {
    "auth/token/create-orphan": _WRITING,
    "auth/token/create/*": _WRITING,
    "auth/token/roles/*": _WRITING,
}
_DESTROYING: Mapping[str, frozenset[str]] = {
    "+/destroy/*": _WRITING,
    "+/metadata/*": frozenset({"delete"}),
}


def read(resource: Resource) -> Acl | AclError:
    """Read a resource's acl; an error stands for one that can't be.

    Raises:
        UnknownError: if its text is not known yet.

    """
    said = resource.at("policy" if resource.type == ACL else "acl", "")
    return text.acl(str(resource.at("name", resource.name)), str(said))


def quoted(stanza: Stanza) -> str:
    """Name a block: its line, its path and what it grants."""
    words = ", ".join(sorted(stanza.capabilities))
    return f'line {stanza.line}, path "{stanza.path}" [{words}]'


@rule(
    ACL,
    *ACCOUNTS,
    reason="what can't be read as the server reads it can't be checked, and the server may refuse it half-way",
    cure="write path blocks in HCL or JSON, without heredocs, ${...} and what Enterprise alone knows",
    severity=Severity.HIGH,
)
def acl_is_readable(resource: Resource) -> Findings:
    """An acl can be read as the server reads it."""
    found = read(resource)
    if isinstance(found, AclError):
        yield str(found)
    elif not found.stanzas:
        yield "it has no path block: whoever bears it may do nothing"


@rule(
    ACL,
    *ACCOUNTS,
    reason="whoever bears it is root but in name, without the limits and the traces of a minted root token",
    cure="name the paths that are needed; for what is done once there is `python -m ops root`",
    severity=Severity.CRITICAL,
)
def acl_is_not_root_like(resource: Resource) -> Findings:
    """No acl grants everything, or everything of the system, of logins or of identities."""
    for each in text.grants(read(resource)):
        if root_like(each):
            yield f"{quoted(each)} is everything there"


@rule(
    ACL,
    *ACCOUNTS,
    reason="sudo opens what the server keeps for root; below a wildcard that is more with each version",
    cure="write each path that wants sudo out, or list its prefix in the rule's `prefixes`",
    severity=Severity.HIGH,
)
def acl_sudo_is_exact(
    resource: Resource,
    *,
    prefixes: Annotated[
        Sequence[str], Field(description="Paths with a final * that may have sudo.")
    ] = ("sys/leases/lookup/*",),
) -> Findings:
    """Sudo is granted at exact paths only."""
    for each in text.grants(read(resource)):
        wide = each.is_prefix or each.has_segments or each.is_templated
        if (
            "sudo" in each.capabilities
            and wide
            and each.path not in prefixes
            and not root_like(each)
        ):
            yield f"{quoted(each)} has sudo below a wildcard"


@rule(
    ACL,
    *ACCOUNTS,
    reason="these end, copy or open the whole Vault, or the log of who did",
    cure="delete it; `python -m ops root -- <command>` mints a token for the one command",
    severity=Severity.CRITICAL,
)
def acl_keeps_off_break_glass(resource: Resource) -> Findings:
    """No acl reaches seal, raw storage, snapshots, generate-root, audit devices, plugins or remount."""
    yield from reaching(read(resource), _BREAK_GLASS)


@rule(
    ACL,
    *ACCOUNTS,
    reason="a token without a parent outlives whoever made it, and a token role says what its tokens may do",
    cure="delete it; auth/token/create gives a child that ends with its parent",
    severity=Severity.HIGH,
)
def acl_mints_no_orphan(resource: Resource) -> Findings:
    """No acl lets its bearer make tokens without a parent, or by a token role."""
    yield from reaching(read(resource), _ORPHANS)


@rule(
    ACL,
    *ACCOUNTS,
    reason="a destroyed version can't be brought back; a deleted one can",
    cure="grant delete on <mount>/data and update on <mount>/delete and <mount>/undelete instead",
    severity=Severity.HIGH,
)
def acl_destroys_no_version(resource: Resource) -> Findings:
    """No acl lets its bearer destroy a secret's versions for good."""
    yield from reaching(read(resource), _DESTROYING)


@rule(
    ACL,
    *ACCOUNTS,
    reason="the rule with the longest path before its first wildcard decides, so a deny above a grant denies nothing",
    cure="deny the very path that is granted, or grant less",
    severity=Severity.HIGH,
)
def acl_denies_hold(resource: Resource) -> Findings:
    """No deny is overridden by a grant below it."""
    found = read(resource)
    if isinstance(found, Acl):
        for shadow in shadowed((found,)):
            yield str(shadow)


@rule(
    ACL,
    reason="the server's own acl of that name is given to everybody who logs in, or can't be changed",
    cure="give it a name of its own",
    severity=Severity.HIGH,
)
def acl_name_is_its_own(resource: Resource) -> Findings:
    """No acl bears the name of one of the server's own."""
    if resource.at("name", "") in ("root", "default", "default-ceiling", "control-group"):
        yield f"it is called {resource.at('name')}"


def root_like(grant: Stanza) -> bool:
    """Whether a block is about every mount, or lets all of the system, of logins or of identities be changed.

    Every other rule leaves such a block to the one about them.
    """
    root, slash, _ = grant.path.partition("/")
    if root == "+" or (not slash and grant.is_prefix):
        return True
    return grant.path in _ROOTS and bool(grant.capabilities & (_WRITING | {"sudo"}))


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """A deny, and the grant that decides at a path which both are about."""

    deny: Source
    grant: Source
    path: str

    def __str__(self) -> str:
        return f"{self.deny} denies nothing at {self.path}, where {self.grant} decides"


def shadowed(acls: tuple[Acl, ...]) -> Iterator[Shadow]:
    """Give each deny of these acls, borne together, in whose range a grant decides."""
    denials = [Source(acl=acl.name, stanza=each) for acl in acls for each in text.denials(acl)]
    if not denials:
        return
    decides = text.evaluator(acls)
    granted = [Source(acl=acl.name, stanza=each) for acl in acls for each in text.grants(acl)]
    for deny in denials:
        for grant in granted:
            path = meeting(deny.stanza.path, grant.stanza.path)
            rule = None if path is None else decides.rule(path, listing=False)
            # Rules for one path are united, and there deny wins.
            if path is not None and rule is not None and grant in rule.sources:
                yield Shadow(deny=deny, grant=grant, path=path)


@lru_cache(_KEPT)
def _met(path: str, areas: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Give the areas that a path meets, each with a path that both match."""
    mounts = not path.startswith(_NO_MOUNTS)
    met = ((area, meeting(path, area)) for area in areas if mounts or not area.startswith("+/"))
    return tuple((area, where) for area, where in met if where is not None)


def reaching(found: Acl | AclError, areas: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Say which blocks grant some of an area's capabilities somewhere in it: path with wildcards -> capabilities."""
    if isinstance(found, AclError):
        return
    decides: Evaluator | None = None
    for each in text.grants(found):
        for area, path in () if root_like(each) else _met(each.path, tuple(areas)):
            capabilities = areas[area]
            if not each.capabilities & capabilities:
                continue
            # A longer rule may deny it.
            decides = decides or text.evaluator((found,))
            rule = decides.rule(path, listing=False)
            if rule is not None and rule.capabilities & capabilities:
                yield f"{quoted(each)} reaches {area}"
