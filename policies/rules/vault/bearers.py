"""Which resources give acls to somebody who logs in, and what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.framework.resource import Resource

JWT = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES = "vault:kubernetes/authBackendRole:AuthBackendRole"
APPROLE = "vault:appRole/authBackendRole:AuthBackendRole"
USERPASS = "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser"
GITHUB, LDAP, OKTA = (
    f"vault:{each}/authBackend:AuthBackend" for each in ("github", "ldap", "okta")
)
TOKEN_ROLE = "vault:tokenauth/authBackendRole:AuthBackendRole"  # noqa: S105  no token


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Where one type of resource says who bears which acls."""

    mount: str | None
    """Input with the login mount's path; None: there is none."""
    name: str | None
    """Input with the role's or person's name; None: whoever logs in there."""
    acls: tuple[str, ...] = ("tokenPolicies",)
    is_machine: bool = True
    """Whether programs log in with it, rather than people."""

    @property
    def has_lifetime(self) -> bool:
        """Whether it says how long a token lives."""
        return "tokenPolicies" in self.acls


def _members(mount: str | None, name: str) -> Kind:
    """Give the kind of what says who else has acls: a group, a person, an entity."""
    return Kind(mount=mount, name=name, acls=("policies",), is_machine=False)


KINDS: Mapping[str, Kind] = {
    JWT: Kind(mount="backend", name="roleName"),
    KUBERNETES: Kind(mount="backend", name="roleName"),
    APPROLE: Kind(mount="backend", name="roleName"),
    USERPASS: Kind(mount="mount", name="username", is_machine=False),
    "vault:alicloud/authBackendRole:AuthBackendRole": Kind(mount="backend", name="role"),
    "vault:aws/authBackendRole:AuthBackendRole": Kind(mount="backend", name="role"),
    "vault:azure/authBackendRole:AuthBackendRole": Kind(mount="backend", name="role"),
    "vault:cf/authBackendRole:AuthBackendRole": Kind(mount="mount", name="name"),
    "vault:gcp/authBackendRole:AuthBackendRole": Kind(mount="backend", name="role"),
    "vault:index/certAuthBackendRole:CertAuthBackendRole": Kind(mount="backend", name="name"),
    "vault:index/ociAuthBackendRole:OciAuthBackendRole": Kind(mount="backend", name="name"),
    "vault:index/scepAuthBackendRole:ScepAuthBackendRole": Kind(mount="backend", name="name"),
    "vault:index/tpmAuthBackendRole:TpmAuthBackendRole": Kind(mount="mount", name="name"),
    "vault:saml/authBackendRole:AuthBackendRole": Kind(mount="path", name="name", is_machine=False),
    "vault:spiffe/authBackendRole:AuthBackendRole": Kind(mount="mount", name="name"),
    TOKEN_ROLE: Kind(mount=None, name="roleName", acls=("allowedPolicies", "tokenPolicies")),
    # Whoever logs in there, besides what his group or name gives him.
    GITHUB: Kind(mount="path", name=None, is_machine=False),
    LDAP: Kind(mount="path", name=None, is_machine=False),
    OKTA: Kind(mount="path", name=None, is_machine=False),
    "vault:radius/authBackend:AuthBackend": Kind(
        mount="mount",
        name=None,
        acls=("tokenPolicies", "unregisteredUserPolicies"),
        is_machine=False,
    ),
    "vault:index/kerberosAuthBackendLdapConfig:KerberosAuthBackendLdapConfig": Kind(
        mount="mount", name=None, is_machine=False
    ),
    "vault:github/team:Team": _members("backend", "team"),
    "vault:github/user:User": _members("backend", "user"),
    "vault:ldap/authBackendGroup:AuthBackendGroup": _members("backend", "groupname"),
    "vault:ldap/authBackendUser:AuthBackendUser": _members("backend", "username"),
    "vault:okta/authBackendGroup:AuthBackendGroup": _members("path", "groupName"),
    "vault:okta/authBackendUser:AuthBackendUser": _members("path", "username"),
    "vault:radius/authBackendUser:AuthBackendUser": _members("mount", "username"),
    "vault:index/kerberosAuthBackendGroup:KerberosAuthBackendGroup": _members("mount", "name"),
    "vault:identity/entity:Entity": _members(None, "name"),
    "vault:identity/entityPolicies:EntityPolicies": _members(None, "entityId"),
    "vault:identity/group:Group": _members(None, "name"),
    "vault:identity/groupPolicies:GroupPolicies": _members(None, "groupId"),
    "vault:index/token:Token": Kind(mount=None, name="displayName", acls=("policies",)),
}
BEARERS = tuple(KINDS)
LOGINS = tuple(type_ for type_, kind in KINDS.items() if kind.has_lifetime)
"""Those that say how long the tokens of a login live."""

_DEFAULT_MOUNTS = {JWT: "jwt", KUBERNETES: "kubernetes", APPROLE: "approle", USERPASS: "userpass"}


def acls_of(resource: Resource) -> list[str]:
    """Give the names of the acls that it gives.

    Raises:
        UnknownError: if they are not known yet.

    """
    return [str(name) for field in KINDS[resource.type].acls for name in resource.at(field, ())]


def bearer(resource: Resource) -> str:
    """Name whoever bears them: `kubernetes/svc-shop.orders`, `people/ada`.

    Raises:
        UnknownError: if mount or name is not known yet.

    """
    kind = KINDS[resource.type]
    mount = _DEFAULT_MOUNTS.get(resource.type, resource.type.split(":")[1].split("/")[0])
    if kind.mount is not None:
        mount = str(resource.at(kind.mount, mount)).strip("/")
    return mount if kind.name is None else f"{mount}/{resource.at(kind.name, resource.name)}"
