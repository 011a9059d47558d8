"""What is asked of the injector. What it makes of it: test_injected.py."""

import re
from dataclasses import replace

import pytest

from catalog.model import SecretFile, Service, WorkloadChoice
from components.workload.injector import annotations, pod_template, token_volume
from tests.components.workload.services import ACCESS, INJECTOR, ORDERS

PREFIX = "vault.hashicorp.com/"
# https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set
QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def asked(choice: WorkloadChoice = INJECTOR, service: Service = ORDERS) -> dict[str, str]:
    found = annotations(service, ACCESS, choice)
    return {name.removeprefix(PREFIX): value for name, value in found.items()}


def test_a_pod_logs_in_as_its_service_and_verifies_whom_it_talks_to() -> None:
    found = asked()

    assert found["agent-inject"] == "true"
    assert found["role"] == "svc-shop.orders"
    assert (found["auth-type"], found["auth-path"]) == ("kubernetes", "auth/kubernetes")
    assert found["service"] == "https://vault.vault.svc:8200"
    assert found["ca-cert"].endswith("/ca.crt")
    assert "tls-skip-verify" not in found


def test_its_token_is_made_for_vault_and_short() -> None:
    volume = token_volume(ACCESS)

    assert asked()["agent-service-account-token-volume-name"] == volume["name"]
    assert volume["projected"]["sources"][0] == {
        "serviceAccountToken": {"audience": "vault", "expirationSeconds": 600, "path": "token"}
    }


def test_the_ca_comes_with_the_token_out_of_the_namespace_s_configmap() -> None:
    assert token_volume(ACCESS)["projected"]["sources"][1] == {
        "configMap": {"name": "vault-tls", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    }


def test_a_secret_is_read_where_kv_2_has_it() -> None:
    found = asked()

    assert found["agent-inject-secret-mail.json"] == "kv/data/shop/orders/mail"
    assert found["agent-inject-template-mail.json"] == (
        '{{ with secret "kv/data/shop/orders/mail" }}{{ .Data.data | toJSON }}{{ end }}'
    )


def test_another_service_s_secret_is_read_at_its_owner_s_path() -> None:
    shared = {"bank.json": SecretFile(owner="shop/billing", secret="bank")}

    found = asked(replace(INJECTOR, files=shared))

    assert found["agent-inject-secret-bank.json"] == "kv/data/shop/billing/bank"


def test_a_sidecar_looks_for_changes_and_an_init_container_ends() -> None:
    sidecar, init = asked(), asked(replace(INJECTOR, mode="init"))

    assert sidecar["template-static-secret-render-interval"] == "300s"
    assert "agent-pre-populate-only" not in sidecar
    assert init["agent-pre-populate-only"] == "true"
    assert "template-static-secret-render-interval" not in init


def test_the_agent_is_small_and_not_root() -> None:
    found = asked()

    assert (found["agent-requests-cpu"], found["agent-requests-mem"]) == ("25m", "64Mi")
    assert found["agent-limits-mem"] == "128Mi"
    assert (found["agent-run-as-user"], found["agent-run-as-group"]) == ("100", "1000")


@pytest.mark.parametrize(
    "name", ["Mail.JSON", "a" * 253, "x" + "-" * 60 + "x", "a_b.json", "mail-long-" * 4 + "x.json"]
)
def test_a_file_may_be_called_what_an_annotation_may_not(name: str) -> None:
    found = asked(replace(INJECTOR, files={name: INJECTOR.files["mail.json"]}))

    keys = [key for key in found if key.startswith("agent-inject-template-")]
    assert len(keys) == 1
    assert QUALIFIED.fullmatch(keys[0])
    end = keys[0].removeprefix("agent-inject-template-")
    # The injector takes the annotation's end, in lower case, for the file's name unless it is told another.
    assert found.get(f"agent-inject-file-{end}", end) == name


def test_files_that_differ_in_case_only_are_two() -> None:
    file = INJECTOR.files["mail.json"]

    found = asked(replace(INJECTOR, files={"mail.json": file, "MAIL.json": file}))

    ends = [
        key.removeprefix("agent-inject-secret-")
        for key in found
        if key.startswith("agent-inject-secret-")
    ]
    assert len(ends) == 2
    assert {found.get(f"agent-inject-file-{end}", end) for end in ends} == {
        "mail.json",
        "MAIL.json",
    }


def test_every_annotation_is_one() -> None:
    for name, value in annotations(ORDERS, ACCESS, INJECTOR).items():
        assert QUALIFIED.fullmatch(name.removeprefix(PREFIX)), name
        assert isinstance(value, str)


def test_a_pod_runs_as_its_service() -> None:
    template = pod_template(ORDERS, ACCESS, INJECTOR)

    assert template["spec"]["serviceAccountName"] == "orders"
    assert template["metadata"]["annotations"] == annotations(ORDERS, ACCESS, INJECTOR)
