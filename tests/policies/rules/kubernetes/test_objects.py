"""Tables of the rules over plain objects; tests/policies/test_rules.py holds the rules against them."""

from policies.rules.kubernetes import objects
from tests.policies.case import ABSENT, Case, Change, Sample
from tests.policies.rules.kubernetes.samples import release

SERVICE = Sample(type="kubernetes:core/v1:Service", inputs={"spec": {"type": "ClusterIP"}})
BALANCER = Sample(
    type="kubernetes:core/v1:Service",
    inputs={
        "metadata": {
            "annotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}
        },
        "spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]},
    },
)
SECRET = Sample(type="kubernetes:core/v1:Secret", inputs={"type": "Opaque"})
ACCOUNT = Sample(
    type="kubernetes:core/v1:ServiceAccount", inputs={"automountServiceAccountToken": False}
)
NAMESPACE = Sample(
    type="kubernetes:core/v1:Namespace",
    inputs={"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}},
)
BINDING = Sample(
    type="kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    inputs={"roleRef": {"name": "system:auth-delegator"}},
)
ROLE = Sample(
    type="kubernetes:rbac.authorization.k8s.io/v1:Role",
    inputs={"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
)

CASES = [
    Case(
        rule=objects.services_are_internal,
        compliant=[SERVICE],
        breakages={
            "on every node": Change("spec.type", "NodePort"),
            "public": Change("spec.type", "LoadBalancer"),
            "by an address": Change("spec.externalIPs", ["192.0.2.1"]),
        },
    ),
    Case(
        rule=objects.services_are_internal,
        compliant=[BALANCER],
        breakages={
            "public": Change("metadata.annotations", ABSENT),
            "for everybody": Change("spec.loadBalancerSourceRanges", ["0.0.0.0/0"]),
            "for everybody, unsaid": Change("spec.loadBalancerSourceRanges", ABSENT),
        },
    ),
    Case(
        rule=objects.services_are_internal,
        compliant=[release()],
        breakages={
            "the servers'": Change("values.server.service.type", "LoadBalancer"),
            "the interface's": Change("values.ui.serviceType", "NodePort"),
        },
    ),
    Case(
        rule=objects.no_token_lives_for_ever,
        compliant=[SECRET],
        breakages={"a token": Change("type", "kubernetes.io/service-account-token")},
    ),
    Case(
        rule=objects.tokens_are_not_mounted_unasked,
        compliant=[ACCOUNT],
        breakages={
            "on": Change("automountServiceAccountToken", value=True),
            "not said": Change("automountServiceAccountToken", ABSENT),
        },
    ),
    Case(
        rule=objects.namespaces_enforce_pod_security,
        compliant=[NAMESPACE],
        breakages={
            "privileged": Change(
                "metadata.labels", {"pod-security.kubernetes.io/enforce": "privileged"}
            ),
            "no label": Change("metadata.labels", ABSENT),
        },
    ),
    Case(
        rule=objects.namespaces_enforce_pod_security,
        compliant=[NAMESPACE],
        settings={"levels": ["baseline"]},
        breakages={
            "not among them": Change(
                "metadata.labels", {"pod-security.kubernetes.io/enforce": "privileged"}
            )
        },
    ),
    Case(
        rule=objects.nobody_is_cluster_admin,
        compliant=[BINDING],
        breakages={"administrator": Change("roleRef.name", "cluster-admin")},
    ),
    Case(
        rule=objects.nobody_is_cluster_admin,
        compliant=[ROLE],
        breakages={
            "any verb": Change("rules.0.verbs", ["*"]),
            "anything": Change("rules.0.resources.0", "*"),
        },
    ),
]
