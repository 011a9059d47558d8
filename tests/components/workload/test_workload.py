from dataclasses import replace

import pytest

from catalog.model import WorkloadChoice
from components.workload import csi, external_secret, injector
from components.workload.workload import Workload, WorkloadArgs
from tests.components.workload.services import ACCESS, CSI, EXTERNAL_SECRET, INJECTOR, ORDERS
from tests.conftest import Declare, Declared

ACCOUNT = "kubernetes:core/v1:ServiceAccount"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
STORE = "kubernetes:external-secrets.io/v1:SecretStore"
SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"  # a type's name
COMPONENT = "strongroom:workload:Workload"


def declared(declare: Declare, choice: WorkloadChoice | None) -> Declared:
    service = replace(ORDERS, workload=choice)
    return declare(
        lambda: Workload("orders", WorkloadArgs(service=service, access=ACCESS)).annotations
    )


@pytest.mark.parametrize("choice", [None, INJECTOR, CSI, EXTERNAL_SECRET])
def test_every_service_has_its_account(declare: Declare, choice: WorkloadChoice | None) -> None:
    account = declared(declare, choice).resource(ACCOUNT)

    assert account.inputs["metadata"] == {"name": "orders", "namespace": "shop"}
    assert account.inputs["automountServiceAccountToken"] is False
    assert account.parent == "orders"


def test_without_a_choice_there_is_nothing_else(declare: Declare) -> None:
    found = declared(declare, None)

    assert {each.type for each in found.resources} == {COMPONENT, ACCOUNT}
    assert found.result == {}


def test_the_injector_needs_annotations_only(declare: Declare) -> None:
    found = declared(declare, INJECTOR)

    assert {each.type for each in found.resources} == {COMPONENT, ACCOUNT}
    assert found.result == injector.annotations(ORDERS, ACCESS, INJECTOR)


def test_csi_has_a_class(declare: Declare) -> None:
    found = declared(declare, CSI)

    made = found.resource(CLASS)
    document = csi.secret_provider_class(ORDERS, ACCESS, CSI)
    assert made.inputs == document
    assert made.dependencies == {"orders-account"}
    assert found.result == {}


def test_external_secrets_has_a_store_before_its_secret(declare: Declare) -> None:
    found = declared(declare, EXTERNAL_SECRET)

    secret, store = found.resource(SECRET), found.resource(STORE)
    assert store.inputs == external_secret.secret_store(ORDERS, ACCESS)
    assert secret.inputs == external_secret.external_secret(ORDERS, ACCESS, EXTERNAL_SECRET)
    assert secret.dependencies == {store.name}
    assert {secret.parent, store.parent} == {"orders"}
