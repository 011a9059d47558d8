"""Tables of the rules over mounts, audit devices and the provider."""

from dataclasses import replace

from policies.rules.vault import mounts
from tests.policies.case import ABSENT, Case, Change, Sample, ask
from tests.policies.vault import KEY_VALUE, VAULT

PROVIDER = [
    *VAULT,
    Sample(
        type="pulumi:providers:vault",
        name="account",
        inputs={"address": "https://vault:8200", "skipTlsVerify": "false"},
    ),
]
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
            "the cluster": Change("@protect", value=False, of="owned"),
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
        rule=mounts.provider_verifies_the_server,
        compliant=PROVIDER,
        breakages={
            "unverified": Change("skipTlsVerify", "true", of="account"),
            "in plain HTTP": Change("address", "http://vault:8200", of="account"),
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


def test_what_is_thrown_away_needs_no_protection() -> None:
    mount = replace(KEY_VALUE, protect=False, stack="cluster")
    assert ask(mounts.mount_is_protected, [mount], {})[0].findings == ()
    assert ask(mounts.mount_is_protected, [mount], {"not_in": ()})[0].findings != ()


def test_a_server_on_this_machine_may_speak_http() -> None:
    provider = Sample(type="pulumi:providers:vault", inputs={"address": "http://127.0.0.1:8200"})
    assert ask(mounts.provider_verifies_the_server, [provider], {})[0].findings == ()
