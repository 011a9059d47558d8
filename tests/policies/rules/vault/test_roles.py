"""Tables of the rules over who may log in."""

from dataclasses import replace

from policies.rules.vault import roles
from policies.rules.vault.bearers import APPROLE, JWT, KUBERNETES
from tests.policies.case import ABSENT, Case, Change, Sample, ask
from tests.policies.vault import PERSON, ROLE, VAULT, over, without

BOUND = Sample(
    type=KUBERNETES,
    name="role",
    inputs={
        "backend": "kubernetes",
        "roleName": "svc-shop.orders",
        "boundServiceAccountNames": ["orders"],
        "boundServiceAccountNamespaces": ["shop"],
        "audience": "vault",
        "tokenPolicies": ["svc-shop.orders"],
        "tokenTtl": 600.0,
        "tokenMaxTtl": 600.0,
    },
)
BY_CLUSTER = [*without(ROLE), BOUND]
BY_SECRET = [
    *without(ROLE),
    Sample(
        type=APPROLE,
        name="role",
        inputs={
            "backend": "approle",
            "roleName": "orders",
            "secretIdTtl": 600.0,
            "secretIdNumUses": 1.0,
            "tokenPolicies": ["svc-shop.orders"],
            "tokenTtl": 600.0,
            "tokenMaxTtl": 600.0,
        },
    ),
]
CONFIGURED = [
    *VAULT,
    Sample(
        type="vault:kubernetes/authBackendConfig:AuthBackendConfig",
        name="config",
        inputs={"backend": "kubernetes", "kubernetesHost": "https://kubernetes.default.svc"},
    ),
]
DIRECTORY = [
    *VAULT,
    Sample(
        type="vault:ldap/authBackend:AuthBackend",
        name="directory",
        inputs={
            "path": "ldap",
            "url": "ldaps://directory",
            "tokenPolicies": ["default"],
            "tokenTtl": 600.0,
            "tokenMaxTtl": 600.0,
        },
    ),
]
CLAIMS = Sample(
    type=JWT,
    name="claims",
    inputs={
        "backend": "jwt",
        "roleName": "pipeline",
        "roleType": "jwt",
        "boundAudiences": ["vault"],
        "boundClaims": {"repository": "shop/orders", "ref": "refs/heads/main"},
        "boundClaimsType": "glob",
        "tokenPolicies": ["default"],
        "tokenTtl": 600.0,
        "tokenMaxTtl": 600.0,
    },
)

CASES = [
    Case(
        rule=roles.role_is_bound_to_no_wildcard,
        compliant=BY_CLUSTER,
        breakages={
            "any ServiceAccount": Change("boundServiceAccountNames", ["*"], of="role"),
            "any namespace": Change("boundServiceAccountNamespaces", ["*"], of="role"),
            "a pattern of namespaces": Change(
                "boundServiceAccountNamespaces", ["shop-*"], of="role"
            ),
            "any audience": Change("audience", "*", of="role"),
            "any network": Change("tokenBoundCidrs", ["0.0.0.0/0"], of="ada"),
        },
    ),
    Case(
        rule=roles.role_is_bound_to_no_wildcard,
        compliant=[*VAULT, CLAIMS],
        breakages={
            "any claim": Change("boundClaims.ref", "*", of="claims"),
            "any audience": Change("boundAudiences", ["*"], of="claims"),
        },
    ),
    Case(
        rule=roles.jwt_role_has_an_audience,
        compliant=VAULT,
        breakages={
            "none": Change("boundAudiences", ABSENT, of=ROLE),
            "empty": Change("boundAudiences", [], of=ROLE),
        },
    ),
    Case(
        rule=roles.jwt_role_has_a_subject,
        compliant=[*VAULT, CLAIMS],
        breakages={"no claims": Change("boundClaims", {}, of="claims")},
    ),
    Case(
        rule=roles.kubernetes_role_has_an_audience,
        compliant=BY_CLUSTER,
        breakages={"none": Change("audience", ABSENT, of="role")},
    ),
    Case(
        rule=roles.kubernetes_role_is_one_service_account,
        compliant=BY_CLUSTER,
        breakages={
            "two": Change("boundServiceAccountNames", ["orders", "billing"], of="role"),
            "two namespaces": Change("boundServiceAccountNamespaces", ["shop", "blog"], of="role"),
            "by label": Change(
                "boundServiceAccountNamespaceSelector", '{"matchLabels": {"a": "b"}}', of="role"
            ),
        },
    ),
    Case(
        rule=roles.approle_wants_a_secret_that_ends,
        compliant=BY_SECRET,
        breakages={
            "no secret": Change("bindSecretId", value=False, of="role"),
            "for ever": Change("secretIdTtl", ABSENT, of="role"),
            "for every use": Change("secretIdNumUses", 0.0, of="role"),
        },
    ),
    Case(
        rule=roles.person_has_networks,
        compliant=VAULT,
        breakages={
            "none": Change("tokenBoundCidrs", ABSENT, of="ada"),
            "empty": Change("tokenBoundCidrs", [], of="ada"),
        },
    ),
    Case(
        rule=roles.jwt_login_has_an_issuer,
        compliant=VAULT,
        breakages={"none": Change("boundIssuer", ABSENT, of="login")},
    ),
    Case(
        rule=roles.login_asks_over_tls,
        compliant=CONFIGURED,
        breakages={"the cluster": Change("kubernetesHost", "http://10.0.0.1", of="config")},
    ),
    Case(
        rule=roles.login_asks_over_tls,
        compliant=VAULT,
        breakages={"keys": Change("jwksUrl", "http://issuer/keys", of="login")},
    ),
    Case(
        rule=roles.login_asks_over_tls,
        compliant=DIRECTORY,
        breakages={
            "a directory": Change("url", "ldap://directory", of="directory"),
            "unverified": Change("insecureTls", value=True, of="directory"),
        },
    ),
    Case(
        rule=roles.nobody_bears_root,
        compliant=VAULT,
        breakages={
            "a role": Change("tokenPolicies", ["svc-shop.orders", "root"], of=ROLE),
            "a person": Change("tokenPolicies", ["team-administrators", "root"], of="ada"),
        },
    ),
]


def test_in_local_a_password_is_enough() -> None:
    person = replace(over(PERSON, tokenBoundCidrs=[]), stack="local")
    [outcome] = ask(roles.person_has_networks, [person], {})
    assert outcome.findings == ()
    [outcome] = ask(roles.person_has_networks, [person], {"not_in": []})
    assert len(outcome.findings) == 1
