"""Rules over plain objects: services, tokens, ServiceAccounts, namespaces, roles."""

from collections.abc import Iterator
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.kubernetes.containers import RELEASE, has_servers

_INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet",
    "networking.gke.io/load-balancer-type": "Internal",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
}
_ROLES = (
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
)
_BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
)


@rule(
    "kubernetes:core/v1:Service",
    RELEASE,
    reason="Vault would answer the internet, or every address that reaches a node",
    cure="leave ClusterIP; a LoadBalancer needs its cloud's annotation that makes it internal, and source ranges",
    severity=Severity.CRITICAL,
)
def services_are_internal(resource: Resource) -> Findings:
    """No service can be reached from outside of the network."""
    if resource.type == RELEASE:
        if has_servers(resource):
            yield from _of_release(resource)
        return
    kind = resource.at("spec.type", "ClusterIP")
    if kind == "NodePort":
        yield "spec.type is NodePort"
    if resource.at("spec.externalIPs", ()):
        yield "spec.externalIPs is not empty"
    if kind == "LoadBalancer":
        annotations = resource.at("metadata.annotations", {})
        if not any(annotations.get(name) == value for name, value in _INTERNAL.items()):
            yield "spec.type is LoadBalancer, and no annotation makes it internal"
        if "0.0.0.0/0" in resource.at("spec.loadBalancerSourceRanges", ("0.0.0.0/0",)):
            yield "spec.loadBalancerSourceRanges lets everybody in"


def _of_release(release: Resource) -> Iterator[str]:
    for path in ("values.server.service.type", "values.ui.serviceType"):
        with release.if_known():
            if release.at(path, "ClusterIP") != "ClusterIP":
                yield f"{path} is not ClusterIP"


@rule(
    "kubernetes:core/v1:Secret",
    reason="such a token never expires: whoever reads the Secret is that ServiceAccount until it is deleted",
    cure="let pods have projected tokens, and people `kubectl create token`",
    severity=Severity.HIGH,
)
def no_token_lives_for_ever(secret: Resource) -> Findings:
    """No Secret holds a ServiceAccount's token."""
    if secret.at("type") == "kubernetes.io/service-account-token":
        yield "type is kubernetes.io/service-account-token"


@rule(
    "kubernetes:core/v1:ServiceAccount",
    reason="every container of the pod would get a token of the API server, whether it needs one or not",
    cure="set automount_service_account_token=False and project a token where one is needed",
    severity=Severity.MEDIUM,
    remedy=lambda _: {"automountServiceAccountToken": False},
)
def tokens_are_not_mounted_unasked(account: Resource) -> Findings:
    """No ServiceAccount's token is mounted into pods that don't ask for it."""
    if account.at("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not off"


@rule(
    "kubernetes:core/v1:Namespace",
    reason="anybody who may make a pod there could make a privileged one, beside Vault",
    cure="label it pod-security.kubernetes.io/enforce: baseline or restricted",
    severity=Severity.HIGH,
)
def namespaces_enforce_pod_security(
    namespace: Resource,
    *,
    levels: Annotated[
        tuple[str, ...], Field(description="Levels of pod security that a namespace may have.")
    ] = ("baseline", "restricted"),
) -> Findings:
    """Every namespace that the program makes refuses privileged pods."""
    labels = namespace.at("metadata.labels", {})
    if labels.get("pod-security.kubernetes.io/enforce") not in levels:
        yield "metadata.labels: pod-security.kubernetes.io/enforce is none of " + ", ".join(levels)


@rule(
    *_BINDINGS,
    *_ROLES,
    reason="whoever has it can read Vault's memory and its Secrets, and be any ServiceAccount",
    cure="grant the verbs and resources that are needed",
    severity=Severity.CRITICAL,
)
def nobody_is_cluster_admin(resource: Resource) -> Findings:
    """No binding is to cluster-admin, and no role grants by a star."""
    if resource.type in _BINDINGS:
        if resource.at("roleRef.name") in ("cluster-admin", "admin"):
            yield "roleRef.name is an administrator's"
        return
    for number in range(len(resource.at("rules", ()))):
        for part in ("verbs", "resources", "apiGroups"):
            with resource.if_known():
                if "*" in resource.at(f"rules.{number}.{part}", ()):
                    yield f"rules[{number}].{part} holds *"
