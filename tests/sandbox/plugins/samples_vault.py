"""Samples of the vault table."""

import json
from collections.abc import Callable, Mapping
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hvac import Client

from tests.sandbox.plugins.samples import Sample

ACL = 'path "kv/data/%s" { capabilities = ["read"] }'


@cache
def public_key(_which: int) -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode().strip()


def auth(kind: str, path: str) -> Callable[[Client], object]:
    return lambda bao: bao.sys.enable_auth_method(kind, path=path)


def with_jwt(path: str) -> Callable[[Client], None]:
    def prepare(bao: Client) -> None:
        auth("jwt", path)(bao)
        bao.write_data(f"auth/{path}/config", data={"jwt_validation_pubkeys": [public_key(0)]})

    return prepare


def with_kubernetes(path: str) -> Callable[[Client], None]:
    def prepare(bao: Client) -> None:
        auth("kubernetes", path)(bao)
        host = {"kubernetes_host": "https://127.0.0.1:6443", "disable_local_ca_jwt": True}
        bao.write_data(f"auth/{path}/config", data={**host, "kubernetes_ca_cert": certificate()})

    return prepare


@cache
def certificate() -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def mount(n: str) -> Sample:
    return Sample(
        inputs={"path": f"kv-{n}", "type": "kv", "options": {"version": "2"}, "description": "one"},
        changed={"description": "two", "maxLeaseTtlSeconds": 7200},
        replacing={"type": "transit", "options": None},
        unknown=frozenset(
            {
                "accessor",
                "sealWrap",
                "forceNoCache",
                "defaultLeaseTtlSeconds",
                "maxLeaseTtlSeconds",
                "auditNonHmacRequestKeys",
                "auditNonHmacResponseKeys",
            }
        ),
        drift=lambda bao: bao.sys.tune_mount_configuration(f"kv-{n}", description="tampered"),
        drifted=frozenset({"description"}),
        remove=lambda bao: bao.sys.disable_secrets_engine(f"kv-{n}"),
    )


def policy(n: str) -> Sample:
    return Sample(
        inputs={"name": f"svc-{n}", "policy": ACL % "one"},
        changed={"policy": ACL % "two"},
        replacing={"name": f"other-{n}"},
        unknown=frozenset(),
        drift=lambda bao: bao.sys.create_or_update_policy(f"svc-{n}", ACL % "tampered"),
        drifted=frozenset({"policy"}),
    )


def auth_backend(n: str) -> Sample:
    return Sample(
        inputs={"path": f"people-{n}", "type": "userpass", "tune": {"defaultLeaseTtl": "1h"}},
        changed={"description": "people", "tune": {"defaultLeaseTtl": "2h", "tokenType": "batch"}},
        replacing={"type": "approle"},
        unknown=frozenset({"accessor"}),
        drift=lambda bao: bao.sys.tune_auth_method(f"people-{n}", default_lease_ttl="5h"),
        drifted=frozenset({"tune"}),
        remove=lambda bao: bao.sys.disable_auth_method(f"people-{n}"),
        imported_as={"tune": None},
    )


def audit(n: str) -> Sample:
    return Sample(
        inputs={"path": f"file-{n}", "type": "file", "options": {"file_path": "discard"}},
        replacing={"options": {"file_path": "stdout"}},
        unknown=frozenset(),
    )


def user(n: str) -> Sample:
    path = f"auth/people-{n}/users/ada"
    return Sample(
        needs=auth("userpass", f"people-{n}"),
        inputs={
            "mount": f"people-{n}",
            "username": "ada",
            "passwordWo": f"password-{n}",
            "passwordWoVersion": 1,
            "tokenPolicies": ["b", "a"],
            "tokenTtl": 60,
            "tokenBoundCidrs": ["127.0.0.1/32"],
        },
        changed={"tokenTtl": None, "tokenMaxTtl": 120, "passwordWo": "new", "passwordWoVersion": 2},
        replacing={"username": "grace"},
        unknown=frozenset(),
        drift=lambda bao: bao.write_data(path, data={"token_policies": ["root"]}),
        drifted=frozenset({"tokenPolicies"}),
        imported_as={"passwordWo": None, "passwordWoVersion": None},
    )


def jwt_backend(n: str) -> Sample:
    return Sample(
        inputs={
            "path": f"kubernetes-{n}",
            "type": "jwt",
            "boundIssuer": "https://issuer.example",
            "jwtValidationPubkeys": [public_key(0)],
        },
        changed={"jwtValidationPubkeys": [public_key(1)], "description": "services"},
        replacing={"type": "oidc"},
        replaceable=False,
        unknown=frozenset({"accessor", "tune"}),
        drift=lambda bao: bao.write_data(
            f"auth/kubernetes-{n}/config",
            data={
                "jwt_validation_pubkeys": [public_key(2)],
                "bound_issuer": "https://evil.example",
            },
        ),
        drifted=frozenset({"boundIssuer", "jwtValidationPubkeys"}),
        remove=lambda bao: bao.sys.disable_auth_method(f"kubernetes-{n}"),
    )


def jwt_role(n: str) -> Sample:
    role = f"auth/jwt-{n}/role/svc"
    return Sample(
        needs=with_jwt(f"jwt-{n}"),
        inputs={
            "backend": f"jwt-{n}",
            "roleName": "svc",
            "roleType": "jwt",
            "userClaim": "sub",
            "boundAudiences": ["vault"],
            "boundSubject": "system:serviceaccount:shop:orders",
            "boundClaims": {"groups": "a,b"},
            "tokenPolicies": ["svc"],
            "tokenTtl": 600,
        },
        changed={"boundAudiences": ["vault", "other"], "tokenTtl": 60, "boundClaims": None},
        replacing={"roleName": "other"},
        unknown=frozenset({"boundClaimsType"}),
        drift=lambda bao: bao.write_data(
            role,
            data={
                "role_type": "jwt",
                "user_claim": "sub",
                "bound_audiences": "vault",
                "bound_subject": "system:serviceaccount:evil:evil",
                "bound_claims": {"groups": ["a", "b"]},
                "token_policies": ["svc"],
                "token_ttl": 600,
            },
        ),
        drifted=frozenset({"boundSubject"}),
    )


def kubernetes_config(n: str) -> Sample:
    path = f"auth/kubernetes-{n}/config"
    return Sample(
        needs=auth("kubernetes", f"kubernetes-{n}"),
        inputs={
            "backend": f"kubernetes-{n}",
            "kubernetesHost": "https://127.0.0.1:6443",
            "kubernetesCaCert": certificate(),
            "disableLocalCaJwt": True,
        },
        changed={"kubernetesHost": "https://127.0.0.1:7443"},
        replacing={"backend": f"other-{n}"},
        replaceable=False,
        unknown=frozenset({"disableIssValidation"}),
        drift=lambda bao: bao.write_data(
            path,
            data={
                "kubernetes_host": "https://evil.example",
                "kubernetes_ca_cert": certificate(),
                "disable_local_ca_jwt": True,
            },
        ),
        drifted=frozenset({"kubernetesHost"}),
        # It goes with its mount, and only so.
        remove=lambda bao: bao.sys.disable_auth_method(f"kubernetes-{n}"),
    )


def kubernetes_role(n: str) -> Sample:
    role = f"auth/kubernetes-{n}/role/svc"
    return Sample(
        needs=with_kubernetes(f"kubernetes-{n}"),
        inputs={
            "backend": f"kubernetes-{n}",
            "roleName": "svc",
            "boundServiceAccountNames": ["orders"],
            "boundServiceAccountNamespaces": ["shop"],
            "audience": "vault",
            "tokenPolicies": ["svc"],
            "tokenTtl": 600,
        },
        changed={"tokenTtl": 60, "audience": "other"},
        replacing={"roleName": "other"},
        unknown=frozenset({"aliasNameSource"}),
        drift=lambda bao: bao.write_data(
            role,
            data={
                "bound_service_account_names": ["evil"],
                "bound_service_account_namespaces": ["shop"],
            },
        ),
        drifted=frozenset({"boundServiceAccountNames"}),
    )


def secret(n: str) -> Sample:
    def prepare(bao: Client) -> None:
        bao.sys.enable_secrets_engine("kv", path=f"kv-{n}", options={"version": "2"})

    return Sample(
        needs=prepare,
        inputs={
            "mount": f"kv-{n}",
            "name": "shop/orders/mail",
            "dataJson": json.dumps({"password": f"value-{n}"}),
            "customMetadata": {"maxVersions": 5, "data": {"owner": "shop"}},
        },
        changed={"dataJson": json.dumps({"password": "another"})},
        replacing={"name": "shop/orders/other"},
        unknown=frozenset({"data", "metadata", "path"}),
        drift=lambda bao: bao.write_data(
            f"kv-{n}/metadata/shop/orders/mail", data={"max_versions": 9}
        ),
        drifted=frozenset({"customMetadata"}),
        # A deleted version is still there, as metadata; so it is to the official plugin.
        remove=lambda bao: bao.delete(f"kv-{n}/metadata/shop/orders/mail"),
        imported_as={"dataJson": None},
    )


def generic_secret(n: str) -> Sample:
    return Sample(
        inputs={"path": f"secret/shop-{n}", "dataJson": json.dumps({"password": "one"})},
        changed={"dataJson": json.dumps({"password": "two"})},
        replacing={"path": f"secret/other-{n}"},
        unknown=frozenset({"data"}),
        drift=lambda bao: bao.write_data(
            f"secret/data/shop-{n}", data={"data": {"password": "tampered"}}
        ),
        drifted=frozenset({"dataJson"}),
        remove=lambda bao: bao.delete(f"secret/metadata/shop-{n}"),
    )


def versions(n: str) -> Sample:
    return Sample(
        needs=lambda bao: bao.sys.enable_secrets_engine(
            "kv", path=f"kept-{n}", options={"version": "2"}
        ),
        inputs={"mount": f"kept-{n}", "maxVersions": 5},
        changed={"maxVersions": 7, "casRequired": True},
        replacing={"mount": f"other-{n}"},
        replaceable=False,
        unknown=frozenset({"casRequired"}),
        drift=lambda bao: bao.write_data(f"kept-{n}/config", data={"max_versions": 1}),
        drifted=frozenset({"maxVersions"}),
        remove=lambda bao: bao.sys.disable_secrets_engine(f"kept-{n}"),
    )


SAMPLES: Mapping[str, Callable[[str], Sample]] = {
    "vault:index/mount:Mount": mount,
    "vault:index/policy:Policy": policy,
    "vault:index/authBackend:AuthBackend": auth_backend,
    "vault:index/audit:Audit": audit,
    "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser": user,
    "vault:jwt/authBackend:AuthBackend": jwt_backend,
    "vault:jwt/authBackendRole:AuthBackendRole": jwt_role,
    "vault:kubernetes/authBackendConfig:AuthBackendConfig": kubernetes_config,
    "vault:kubernetes/authBackendRole:AuthBackendRole": kubernetes_role,
    "vault:kv/secretBackendV2:SecretBackendV2": versions,
    "vault:kv/secretV2:SecretV2": secret,
    "vault:generic/secret:Secret": generic_secret,
}
