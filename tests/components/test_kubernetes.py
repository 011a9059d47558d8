import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.kubernetes import kubernetes_provider
from tests.conftest import Declare

PROVIDER = "pulumi:providers:kubernetes"


def test_the_kubeconfig_stays_where_it_is(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would put KUBECONFIG's value into the state by itself."""
    monkeypatch.setenv("KUBECONFIG", "/home/somebody/.kube/config")

    inputs = declare(lambda: kubernetes_provider("cluster", context="production")).one(PROVIDER)

    assert inputs["context"] == "production"
    assert "kubeconfig" not in inputs


def test_the_current_context_is_not_written_down(declare: Declare) -> None:
    assert "context" not in declare(lambda: kubernetes_provider("cluster", context=None)).one(
        PROVIDER
    )


def test_secrets_and_config_maps_change_in_place(declare: Declare) -> None:
    inputs = declare(lambda: kubernetes_provider("cluster", context=None)).one(PROVIDER)

    assert inputs["enableSecretMutable"] == inputs["enableConfigMapMutable"] == "true"


def test_other_options_are_kept(declare: Declare) -> None:
    def program() -> None:
        parent = kubernetes.Provider("parent")
        opts = pulumi.ResourceOptions(parent=parent, protect=True)
        kubernetes_provider("cluster", context=None, opts=opts)

    cluster = declare(program).resource(PROVIDER, "cluster")

    assert cluster.protect
    assert cluster.parent == "parent"
