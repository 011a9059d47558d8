import jsonschema
import pytest

from catalog.model import WorkloadChoice
from components.workload.external_secret import external_secret, pod_template, secret_store
from tests.components.workload import crds
from tests.components.workload.services import ACCESS, EXTERNAL_SECRET, ORDERS


def test_the_store_is_what_its_definition_knows() -> None:
    jsonschema.validate(secret_store(ORDERS, ACCESS), crds.SECRET_STORE)


@pytest.mark.parametrize(
    "choice", [EXTERNAL_SECRET, WorkloadChoice(delivery="external-secret")], ids=["files", "none"]
)
def test_the_secret_is_what_its_definition_knows(choice: WorkloadChoice) -> None:
    jsonschema.validate(external_secret(ORDERS, ACCESS, choice), crds.EXTERNAL_SECRET)


def test_a_misspelt_field_would_be_found() -> None:
    store = secret_store(ORDERS, ACCESS)
    store["spec"]["provider"]["vault"]["caprovider"] = {}

    with pytest.raises(jsonschema.ValidationError, match="caprovider"):
        jsonschema.validate(store, crds.SECRET_STORE)


def test_the_operator_logs_in_as_the_service_and_verifies_vault() -> None:
    vault = secret_store(ORDERS, ACCESS)["spec"]["provider"]["vault"]

    assert vault["server"] == "https://vault.vault.svc:8200"
    assert vault["caProvider"] == {"type": "ConfigMap", "name": "vault-tls", "key": "ca.crt"}
    assert vault["auth"]["kubernetes"] == {
        "mountPath": "kubernetes",
        "role": "svc-shop.orders",
        "serviceAccountRef": {"name": "orders", "audiences": ["vault"]},
    }


def test_each_file_is_a_key() -> None:
    spec = external_secret(ORDERS, ACCESS, EXTERNAL_SECRET)["spec"]

    whole = {"key": "kv/data/shop/orders/mail"}
    assert {each["secretKey"]: each["remoteRef"] for each in spec["data"]} == {
        "app.env": whole,
        "mail.json": whole,
        "password": {**whole, "property": "password"},
    }
    assert spec["refreshInterval"] == "60s"


def test_only_an_env_file_has_a_template() -> None:
    target = external_secret(ORDERS, ACCESS, EXTERNAL_SECRET)["spec"]["target"]

    assert set(target["template"]["data"]) == {"app.env"}
    assert target["template"]["mergePolicy"] == "Merge"
    plain = external_secret(ORDERS, ACCESS, WorkloadChoice(delivery="external-secret"))
    assert "template" not in plain["spec"]["target"]


def test_the_pod_names_the_secret_that_is_made() -> None:
    made = external_secret(ORDERS, ACCESS, EXTERNAL_SECRET)

    volume = pod_template(ORDERS)["spec"]["volumes"][0]
    assert volume["secret"]["secretName"] == made["spec"]["target"]["name"]
