"""Rules over mounts and audit devices."""

from pulumi_policy import Severity

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule

MOUNT = "vault:index/mount:Mount"
AUDIT = "vault:index/audit:Audit"
LOGIN_MOUNTS = (
    "vault:index/authBackend:AuthBackend",
    "vault:jwt/authBackend:AuthBackend",
    "vault:ldap/authBackend:AuthBackend",
    "vault:github/authBackend:AuthBackend",
    "vault:okta/authBackend:AuthBackend",
)
_ENDPOINT = "vault:generic/endpoint:Endpoint"


def is_key_value(mount: Resource) -> bool:
    """Whether it is a key-value mount."""
    return mount.type == MOUNT and mount.at("type") in ("kv", "kv-v1", "kv-v2", "generic")


@rule(
    MOUNT,
    reason="version 1 keeps one version: what was overwritten or deleted is gone",
    cure='set options={"version": "2"}',
    severity=Severity.MEDIUM,
)
def key_value_mount_is_version_2(mount: Resource) -> Findings:
    """A key-value mount keeps versions."""
    if is_key_value(mount) and mount.at("type") != "kv-v2":
        version = str(mount.at("options.version", "1"))
        if version.partition(".")[0] != "2":
            yield f"options say version {version}"


@rule(
    MOUNT,
    *LOGIN_MOUNTS,
    reason="deleting a mount deletes every secret, role or person in it",
    cure="protect it: strongroom:keep, or ResourceOptions(protect=True)",
    severity=Severity.HIGH,
)
def mount_is_protected(mount: Resource) -> Findings:
    """The engine refuses to delete a mount."""
    if not mount.protect:
        yield "it is not protected"


@rule(
    MOUNT,
    *LOGIN_MOUNTS,
    reason="whoever reaches the server would see, without logging in, what there is to attack",
    cure="delete listing_visibility, or write hidden",
    severity=Severity.LOW,
)
def mount_hides_from_strangers(mount: Resource) -> Findings:
    """No mount is listed for whoever has not logged in."""
    for field in ("listingVisibility", "tune.listingVisibility"):
        if mount.at(field) == "unauth":
            yield f"{field} is unauth"


@rule(
    MOUNT,
    AUDIT,
    *LOGIN_MOUNTS,
    reason="audit logs are read by more people, and kept longer, than the secrets in them may be",
    cure="delete log_raw, hmac_accessor and audit_non_hmac_*_keys: the server then hashes values",
    severity=Severity.HIGH,
)
def audit_log_hides_values(resource: Resource) -> Findings:
    """No secret stands in an audit log in plain text."""
    if resource.type == AUDIT:
        if str(resource.at("options.log_raw", "false")).lower() == "true":
            yield "options.log_raw is on"
        if str(resource.at("options.hmac_accessor", "true")).lower() == "false":
            yield "options.hmac_accessor is off"
        return
    for around in ("", "tune."):
        for field in ("auditNonHmacRequestKeys", "auditNonHmacResponseKeys"):
            with resource.if_known():
                if resource.at(f"{around}{field}"):
                    yield f"{around}{field} is set"


@rule(
    _ENDPOINT,
    reason="what is written there is a document that no rule understands: an acl, a role or a person like any other",
    cure="use the resource of its own: vault.Policy or vault.jwt.AuthBackendRole, say",
    severity=Severity.HIGH,
)
def endpoint_gives_no_access(endpoint: Resource) -> Findings:
    """No acl, login, identity or mount is written past the rules, by a generic endpoint."""
    path = str(endpoint.at("path", "")).strip("/")
    if path.partition("/")[0] in ("sys", "auth", "identity"):
        yield f"path is {path}"
