"""The types that the stand-in knows: one line each. A type or property that isn't here is refused."""

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.kind import Kind, Property, Values, same_set
from sandbox.plugins.vault.audit import Audit
from sandbox.plugins.vault.client import Vault
from sandbox.plugins.vault.endpoint import Endpoint
from sandbox.plugins.vault.kv import GenericSecret, SecretV2
from sandbox.plugins.vault.logins import AuthBackend, JwtAuthBackend
from sandbox.plugins.vault.mounts import Mount


def _same_cidrs(old: Any, new: Any) -> bool:
    """Vault gives a single address back without its length."""
    bare = [
        [str(c).removesuffix("/32").removesuffix("/128") for c in each or []] for each in (old, new)
    ]
    return same_set(*bare)


_TOKEN = (
    Property(name="tokenTtl"),
    Property(name="tokenMaxTtl"),
    Property(name="tokenExplicitMaxTtl"),
    Property(name="tokenPeriod"),
    Property(name="tokenNumUses"),
    Property(name="tokenNoDefaultPolicy"),
    Property(name="tokenPolicies", same=same_set),
    Property(name="tokenBoundCidrs", same=_same_cidrs),
    Property(name="tokenType", default="default"),
)


class _JwtRole(Endpoint):
    """A bound claim is a comma-separated text in Pulumi and a list in Vault."""

    def body(self, inputs: Values) -> dict[str, Any]:
        body = super().body(inputs)
        whole = inputs.get("disableBoundClaimsParsing", False)
        if "boundClaims" in inputs:
            body["bound_claims"] = {
                claim: [text] if whole else [each.strip() for each in text.split(",")]
                for claim, text in inputs["boundClaims"].items()
            }
        return body

    def told(self, data: Values) -> dict[str, Any]:
        told = super().told(data)
        if told.get("boundClaims"):
            told["boundClaims"] = {
                claim: ",".join(value) if isinstance(value, list) else value
                for claim, value in told["boundClaims"].items()
            }
        return told


_JWT_ROLE = _JwtRole(
    "auth/{backend}/role/{roleName}",
    Property(name="backend", immutable=True, default="jwt"),
    Property(name="roleName", immutable=True),
    Property(name="roleType", immutable=True, computed=True),
    Property(name="userClaim"),
    Property(name="userClaimJsonPointer", default=False),
    Property(name="boundAudiences", same=same_set),
    Property(name="boundSubject"),
    Property(name="boundClaims"),
    Property(name="boundClaimsType", computed=True),
    Property(name="disableBoundClaimsParsing", own=True, default=False),
    Property(name="claimMappings"),
    Property(name="groupsClaim"),
    Property(name="allowedRedirectUris", same=same_set),
    Property(name="oidcScopes", same=same_set),
    Property(name="clockSkewLeeway", default=0),
    Property(name="expirationLeeway", default=0),
    Property(name="notBeforeLeeway", default=0),
    Property(name="maxAge"),
    Property(name="verboseOidcLogging", default=False),
    *_TOKEN,
)

_KUBERNETES_CONFIG = Endpoint(
    "auth/{backend}/config",
    Property(name="backend", immutable=True, default="kubernetes"),
    Property(name="kubernetesHost"),
    Property(name="kubernetesCaCert", computed=True),
    Property(name="tokenReviewerJwt", secret=True, unread=True, wire="token_reviewer_jwt"),
    Property(name="pemKeys"),
    Property(name="issuer"),
    Property(name="disableIssValidation", computed=True),
    Property(name="disableLocalCaJwt", computed=True),
    # Vault deletes it with its mount, and only so.
    deletable=False,
)

_KUBERNETES_ROLE = Endpoint(
    "auth/{backend}/role/{roleName}",
    Property(name="backend", immutable=True, default="kubernetes"),
    Property(name="roleName", immutable=True),
    Property(name="boundServiceAccountNames", same=same_set),
    Property(name="boundServiceAccountNamespaces", same=same_set),
    Property(name="boundServiceAccountNamespaceSelector"),
    Property(name="audience"),
    Property(name="aliasNameSource", computed=True),
    *_TOKEN,
)

_USERPASS_USER = Endpoint(
    "auth/{mount}/users/{username}",
    Property(name="mount", immutable=True),
    Property(name="username", immutable=True),
    Property(name="passwordWo", secret=True, write_only=True, wire="password"),
    Property(name="passwordWoVersion", own=True),
    *_TOKEN,
)

_POLICY = Endpoint(
    "sys/policies/acl/{name}",
    Property(name="name", immutable=True, autonamed=True),
    Property(name="policy"),
    identity="{name}",
)

_VERSIONS = Endpoint(
    "{mount}/config",
    Property(name="mount", immutable=True),
    Property(name="maxVersions", computed=True),
    Property(name="casRequired", computed=True),
    # It goes with its mount, and only so.
    deletable=False,
)

KINDS: Mapping[str, Kind[Vault]] = {
    "vault:index/mount:Mount": Mount(),
    "vault:index/policy:Policy": _POLICY,
    "vault:index/authBackend:AuthBackend": AuthBackend(),
    "vault:index/audit:Audit": Audit(),
    "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser": _USERPASS_USER,
    "vault:jwt/authBackend:AuthBackend": JwtAuthBackend(),
    "vault:jwt/authBackendRole:AuthBackendRole": _JWT_ROLE,
    "vault:kubernetes/authBackendConfig:AuthBackendConfig": _KUBERNETES_CONFIG,
    "vault:kubernetes/authBackendRole:AuthBackendRole": _KUBERNETES_ROLE,
    "vault:kv/secretBackendV2:SecretBackendV2": _VERSIONS,
    "vault:kv/secretV2:SecretV2": SecretV2(),
    "vault:generic/secret:Secret": GenericSecret(),
}
