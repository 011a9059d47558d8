"""Rules over who may log in as what."""

import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.vault.bearers import APPROLE, BEARERS, JWT, KUBERNETES, USERPASS, acls_of

_JWT_LOGIN = "vault:jwt/authBackend:AuthBackend"
_KUBERNETES_LOGIN = "vault:kubernetes/authBackendConfig:AuthBackendConfig"
_LDAP_LOGIN = "vault:ldap/authBackend:AuthBackend"

_BINDS = re.compile(r"[bB]ound(?!Claims)|^audience$|^allowed(Names|CommonNames|DnsSans|UriSans)$")


@rule(
    *BEARERS,
    reason="a role that anybody can take is no role",
    cure="name each ServiceAccount, namespace, audience, claim or network",
    severity=Severity.CRITICAL,
)
def role_is_bound_to_no_wildcard(role: Resource) -> Findings:
    """No role is bound to `*`: names, namespaces, audiences, claims, networks."""
    for field in role.inputs:
        if not _BINDS.search(field) or field.endswith("Type"):
            continue
        with role.if_known():
            value = role.inputs[field]
            for each in [value] if isinstance(value, str) else list(value or ()):
                if _is_everything(str(each)):
                    yield f"{field} is {each}"
    with role.if_known():
        is_glob = role.at("boundClaimsType", "string") == "glob"
        for claim, value in dict(role.at("boundClaims", {})).items():
            if "*" in str(value) and is_glob:
                yield f"boundClaims: {claim} matches a pattern, {value}"


def _is_everything(value: str) -> bool:
    # A pattern is no better than `*`: whoever may name a namespace may name one that fits.
    return "*" in value or value in ("0.0.0.0/0", "::/0") or value.replace(" ", "") == "{}"


@rule(
    JWT,
    reason="a token that was made for somebody else's server would log in here, too",
    cure="set bound_audiences to the one audience that tokens for Vault are made for",
    severity=Severity.CRITICAL,
)
def jwt_role_has_an_audience(role: Resource) -> Findings:
    """A jwt role takes tokens of one audience only."""
    if role.at("roleType", "jwt") == "jwt" and not role.at("boundAudiences"):
        yield "boundAudiences is empty"


@rule(
    JWT,
    reason="without a subject or claims every token of that issuer logs in",
    cure="set bound_subject, or bound_claims",
    severity=Severity.CRITICAL,
)
def jwt_role_has_a_subject(role: Resource) -> Findings:
    """A jwt or oidc role is bound to a subject or to claims."""
    if not role.at("boundSubject") and not role.at("boundClaims"):
        yield "neither boundSubject nor boundClaims is set"


@rule(
    KUBERNETES,
    reason="a pod's token for any other server in the cluster would log in here, too",
    cure="set audience, and mount a projected token with it",
    severity=Severity.HIGH,
)
def kubernetes_role_has_an_audience(role: Resource) -> Findings:
    """A kubernetes role takes tokens of one audience only."""
    if not role.at("audience"):
        yield "audience is not set"


@rule(
    KUBERNETES,
    reason="one service is one identity; a second ServiceAccount is a second service with the first one's secrets",
    cure="make a role for each ServiceAccount, with an acl of its own",
    severity=Severity.HIGH,
)
def kubernetes_role_is_one_service_account(role: Resource) -> Findings:
    """A kubernetes role is bound to one ServiceAccount by name and namespace."""
    for field in ("boundServiceAccountNames", "boundServiceAccountNamespaces"):
        with role.if_known():
            bound = len(role.at(field, ()))
            if bound != 1:
                yield f"{field} has {bound} entries, and one is asked"
    if role.at("boundServiceAccountNamespaceSelector"):
        yield "boundServiceAccountNamespaceSelector takes whichever namespaces bear a label"


@rule(
    APPROLE,
    reason="a role id is no secret: without a secret id that ends, whoever saw it once logs in for ever",
    cure="set bind_secret_id, secret_id_ttl and secret_id_num_uses",
    severity=Severity.HIGH,
)
def approle_wants_a_secret_that_ends(role: Resource) -> Findings:
    """An approle wants a secret id, which ends."""
    if role.at("bindSecretId", default=True) is not True:
        yield "bindSecretId is off"
    for field in ("secretIdTtl", "secretIdNumUses"):
        if not role.at(field, 0):
            yield f"{field} is not set"


@rule(
    USERPASS,
    reason="a password can be guessed, seen and sold; without a network it is enough from anywhere",
    cure="set strongroom:people's cidrs, or token_bound_cidrs",
    severity=Severity.HIGH,
)
def person_has_networks(
    person: Resource,
    *,
    not_in: Annotated[
        Sequence[str], Field(description="Stacks in which a password alone will do.")
    ] = ("local",),
) -> Findings:
    """Whoever logs in with a password does so from a network that is named, except in `local`."""
    if person.stack not in not_in and not person.at("tokenBoundCidrs"):
        yield "tokenBoundCidrs is empty"


@rule(
    _JWT_LOGIN,
    reason="a token's signature says nothing of who it is from, if anybody's issuer will do",
    cure="set bound_issuer, or oidc_discovery_url, which says it",
    severity=Severity.HIGH,
)
def jwt_login_has_an_issuer(login: Resource) -> Findings:
    """A jwt login takes tokens of one issuer only."""
    if not login.at("boundIssuer") and not login.at("oidcDiscoveryUrl"):
        yield "neither boundIssuer nor oidcDiscoveryUrl is set"


@rule(
    _JWT_LOGIN,
    _KUBERNETES_LOGIN,
    _LDAP_LOGIN,
    reason="who answers there says who is who",
    cure="write https:// (ldaps:// or starttls), and leave insecure_tls off",
    severity=Severity.HIGH,
)
def login_asks_over_tls(login: Resource) -> Findings:
    """A login method asks its issuer, cluster or directory over TLS."""
    for field in ("jwksUrl", "oidcDiscoveryUrl", "kubernetesHost"):
        with login.if_known():
            url = str(login.at(field, ""))
            if url and urlsplit(url).scheme != "https":
                yield f"{field} does not begin with https://"
    if login.type == _LDAP_LOGIN:
        if not str(login.at("url", "")).startswith("ldaps://") and not login.at("starttls"):
            yield "url does not begin with ldaps://, and starttls is off"
        if login.at("insecureTls"):
            yield "insecureTls is on"


@rule(
    *BEARERS,
    reason="a root token has no limit, no end and no name in the audit log",
    cure="give an acl that names what is needed",
    severity=Severity.CRITICAL,
)
def nobody_bears_root(role: Resource) -> Findings:
    """No role, person, group or token bears the acl `root`."""
    if "root" in acls_of(role):
        yield "it bears root"
