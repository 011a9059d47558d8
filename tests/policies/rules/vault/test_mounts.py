"""Tables of the rules over mounts, audit devices and the provider."""

from policies.rules.vault import mounts
from tests.policies.case import ABSENT, Case, Change, Sample
from tests.policies.vault import VAULT

AUDITED = [
    *VAULT,
    Sample(
        type=mounts.AUDIT,
        name="file",
        inputs={"type": "file", "options": {"file_path": "/audit.log", "log_raw": "false"}},
    ),
]
ENDPOINT = [
    *VAULT,
    Sample(
        type="vault:generic/endpoint:Endpoint", name="any", inputs={"path": "transit/keys/a/config"}
    ),
]

CASES = [
    Case(
        rule=mounts.key_value_mount_is_version_2,
        compliant=VAULT,
        breakages={
            "version 1": Change("options.version", "1", of="kv"),
            "not said": Change("options", ABSENT, of="kv"),
        },
    ),
    Case(
        rule=mounts.mount_is_protected,
        compliant=VAULT,
        breakages={
            "a mount": Change("@protect", value=False, of="kv"),
            "a login": Change("@protect", value=False, of="login"),
        },
    ),
    Case(
        rule=mounts.mount_hides_from_strangers,
        compliant=VAULT,
        breakages={
            "a mount": Change("listingVisibility", "unauth", of="kv"),
            "a login": Change("tune.listingVisibility", "unauth", of="login"),
        },
    ),
    Case(
        rule=mounts.audit_log_hides_values,
        compliant=AUDITED,
        breakages={
            "raw": Change("options.log_raw", "true", of="file"),
            "accessors": Change("options.hmac_accessor", "false", of="file"),
            "of a mount": Change("auditNonHmacRequestKeys", ["password"], of="kv"),
        },
    ),
    Case(
        rule=mounts.endpoint_gives_no_access,
        compliant=ENDPOINT,
        breakages={
            "an acl": Change("path", "sys/policies/acl/mine", of="any"),
            "a person": Change("path", "/auth/people/users/eve", of="any"),
        },
    ),
]
