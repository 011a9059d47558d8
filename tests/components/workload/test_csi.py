import jsonschema
import pytest
import yaml

from components.workload.csi import pod_template, secret_provider_class
from tests.components.workload import crds
from tests.components.workload.services import ACCESS, CSI, INJECTOR, ORDERS


def test_the_document_is_what_its_definition_knows() -> None:
    jsonschema.validate(secret_provider_class(ORDERS, ACCESS, CSI), crds.SECRET_PROVIDER_CLASS)


def test_each_field_is_a_file() -> None:
    parameters = secret_provider_class(ORDERS, ACCESS, CSI)["spec"]["parameters"]

    objects = yaml.safe_load(parameters["objects"])
    assert [each["objectName"] for each in objects] == [
        "cloud-invoices.access_key_id",
        "cloud-invoices.bucket",
        "cloud-invoices.region",
        "cloud-invoices.secret_access_key",
        "mail.password",
    ]
    assert objects[-1] == {
        "objectName": "mail.password",
        "secretPath": "kv/data/shop/orders/mail",
        "secretKey": "password",
    }


def test_it_logs_in_as_the_service_with_a_token_for_vault() -> None:
    parameters = secret_provider_class(ORDERS, ACCESS, CSI)["spec"]["parameters"]

    assert parameters["roleName"] == "svc-shop.orders"
    assert parameters["audience"] == "vault"
    assert parameters["vaultAuthMountPath"] == "kubernetes"
    assert "vaultSkipTLSVerify" not in parameters


def test_a_whole_secret_is_refused() -> None:
    with pytest.raises(ValueError, match=r"app\.env is a whole secret"):
        secret_provider_class(ORDERS, ACCESS, INJECTOR)


def test_the_pod_names_the_class() -> None:
    made = secret_provider_class(ORDERS, ACCESS, CSI)
    spec = pod_template(ORDERS)["spec"]

    assert spec["serviceAccountName"] == "orders"
    assert spec["volumes"][0]["csi"]["volumeAttributes"] == {
        "secretProviderClass": made["metadata"]["name"]
    }
