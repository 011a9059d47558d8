import os
from pathlib import Path
from typing import Any

import jsonschema
import pulumi
import pytest
import yaml

from components.server.tls.cert_manager import (
    CertManagerArgs,
    CertManagerCertificate,
    bundle_spec,
    certificate_spec,
)
from components.server.tls.names import server_names
from tests.components.server.examples import CA, pods
from tests.conftest import Declare

ARGS = CertManagerArgs(
    names=server_names(pods()),
    namespace="vault",
    issuer="vault-ca",
    issuer_kind="ClusterIssuer",
    issuer_group="cert-manager.io",
    ca_certificate=CA,
)


def _schema(file: str, kind: str) -> Any:
    """The custom resource's own schema, where somebody has it: the projects' `deploy/crds`, in one directory."""
    directory = os.environ.get("CERT_MANAGER_CRDS")
    if not directory:
        pytest.skip("the custom resources are nowhere here: set CERT_MANAGER_CRDS")
    definition = yaml.safe_load((Path(directory) / file).read_text())
    assert definition["spec"]["names"]["kind"] == kind
    (version,) = definition["spec"]["versions"]
    return _closed(version["schema"]["openAPIV3Schema"]["properties"]["spec"])


def _closed(schema: Any) -> Any:
    """Kubernetes prunes what it does not know; here it is a mistake."""
    if isinstance(schema, dict):
        closed = {key: _closed(value) for key, value in schema.items()}
        if "properties" in closed:
            closed.setdefault("additionalProperties", False)
        return closed
    return [_closed(each) for each in schema] if isinstance(schema, list) else schema


def test_cert_manager_s_own_schema_takes_the_certificate() -> None:
    schema = _schema("cert-manager.io_certificates.yaml", "Certificate")

    errors = jsonschema.Draft7Validator(schema).iter_errors(certificate_spec(ARGS))

    assert [error.message for error in errors] == []


def test_trust_manager_s_own_schema_takes_the_bundle() -> None:
    schema = _schema("trust.cert-manager.io_bundles.yaml", "Bundle")

    errors = jsonschema.Draft7Validator(schema).iter_errors(bundle_spec(CA))

    assert [error.message for error in errors] == []


def test_a_certificate_lives_days_and_has_a_new_key_every_day() -> None:
    spec = certificate_spec(ARGS)

    assert (spec["duration"], spec["renewBefore"]) == ("72h", "48h")
    assert spec["privateKey"]["rotationPolicy"] == "Always"
    assert spec["dnsNames"] == list(ARGS.names.dns)
    assert spec["ipAddresses"] == ["127.0.0.1"]
    assert spec["issuerRef"] == {
        "name": "vault-ca",
        "kind": "ClusterIssuer",
        "group": "cert-manager.io",
    }


def test_the_ca_reaches_every_namespace_also_later_ones() -> None:
    target = bundle_spec(CA)["target"]

    assert target == {"configMap": {"key": "ca.crt"}, "namespaceSelector": {}}


def test_both_are_waited_for_before_anybody_uses_them(declare: Declare) -> None:
    def program() -> pulumi.Output[list[str]]:
        made = CertManagerCertificate("tls", ARGS)
        return pulumi.Output.all(made.secret, made.ca_certificate)

    declared = declare(program)

    certificate = declared.one("kubernetes:cert-manager.io/v1:Certificate")
    bundle = declared.one("kubernetes:trust.cert-manager.io/v1alpha1:Bundle")
    wait = "pulumi.com/waitFor"
    assert certificate["metadata"]["annotations"][wait] == "condition=Ready"
    assert bundle["metadata"]["annotations"][wait] == "condition=Synced"
    assert certificate["metadata"]["namespace"] == "vault"
    # Its ConfigMaps are called as it is.
    assert bundle["metadata"]["name"] == "vault-tls"
    assert declared.result == ["vault-tls", CA]
