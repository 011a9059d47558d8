"""One sample for every object of the table: what to declare, how it is changed, and how it drifts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.plugins.kubernetes.shape import overlaid
from tests.sandbox.plugins.kubernetes.server import deployment, pod, template


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One object's life."""

    inputs: Mapping[str, Any]
    changed: Mapping[str, Any]
    """Laid over the inputs for an update in place."""
    drift: Mapping[str, Any]
    """What `kubectl edit` changes; a merge patch."""
    drifted: str
    """The path at which that shows."""
    replacing: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the inputs for a replacement; by default another name."""

    def over(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = overlaid(self.inputs, changes)
        return found


def labelled(value: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"colour": value}}}


def by_label(**more: Any) -> Callable[[str], Sample]:
    """Give a sample that is changed and drifts by its label only."""

    def make(name: str) -> Sample:
        replacing = more.pop("replacing", {})
        return Sample(
            inputs={"metadata": {"name": name, "labels": {"colour": "red"}}, **more},
            changed=labelled("green"),
            drift=labelled("blue"),
            drifted="metadata.labels.colour",
            replacing=replacing,
        )

    return make


def secret(name: str) -> Sample:
    return Sample(
        inputs={"metadata": {"name": name}, "stringData": {"password": "one"}, "type": "Opaque"},
        changed=labelled("green"),
        drift={"data": {"password": "dHdv"}},
        drifted="data.password",
        replacing={"type": "example.com/other"},
    )


def config_map(name: str) -> Sample:
    return Sample(
        inputs={"metadata": {"name": name}, "data": {"colour": "red"}},
        changed={"metadata": {"annotations": {"example.com/a": "b"}}},
        drift={"data": {"colour": "blue"}},
        drifted="data.colour",
        replacing={"data": {"colour": "green"}},
    )


def deployed(name: str) -> Sample:
    inputs = deployment(name, pod(resources={"requests": {"cpu": "0.01"}}))
    inputs["spec"]["revisionHistoryLimit"] = 3
    return Sample(
        inputs=inputs,
        changed={
            "spec": {"template": template(pod(env=[{"name": "COLOUR", "value": "green"}]), name)}
        },
        drift={"spec": {"revisionHistoryLimit": 5}},
        drifted="spec.revisionHistoryLimit",
        replacing={"spec": {"selector": {"matchLabels": {"app": "other"}}}},
    )


def job(name: str) -> Sample:
    spec = {**pod("/bin/busybox", "true"), "restartPolicy": "Never"}
    other = {**pod("/bin/busybox", "false"), "restartPolicy": "Never"}
    return Sample(
        inputs={
            "metadata": {"name": name},
            "spec": {"backoffLimit": 0, "template": {"spec": spec}},
        },
        changed={"spec": {"ttlSecondsAfterFinished": 600}},
        drift={"metadata": {"labels": {"colour": "blue"}}, "spec": {"backoffLimit": 5}},
        drifted="spec.backoffLimit",
        replacing={"spec": {"template": {"spec": other}}},
    )


def role(name: str) -> Sample:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    return Sample(
        inputs={"metadata": {"name": name}, "rules": [rule]},
        changed={"rules": [{**rule, "verbs": ["get", "list"]}]},
        drift={"rules": [rule, {**rule, "resources": ["secrets"]}]},
        drifted="rules[1]",
    )


def binding(kind: str) -> Callable[[str], Sample]:
    def make(name: str) -> Sample:
        subject = {"kind": "Group", "name": "nobody", "apiGroup": "rbac.authorization.k8s.io"}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "nothing"}
        return Sample(
            inputs={"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]},
            changed={"subjects": [{**subject, "name": "somebody"}]},
            drift={"subjects": [subject, {**subject, "name": "mallory"}]},
            drifted="subjects[1]",
            replacing={"roleRef": {**reference, "name": "other"}},
        )

    return make


def network_policy(name: str) -> Sample:
    port = {"port": 8200, "protocol": "TCP"}
    return Sample(
        inputs={
            "metadata": {"name": name},
            "spec": {"podSelector": {}, "ingress": [{"ports": [port]}]},
        },
        changed={"spec": {"policyTypes": ["Ingress"]}},
        drift={"spec": {"ingress": [{"ports": [port, {**port, "port": 22}]}]}},
        drifted="spec.ingress[0].ports[1]",
    )


def disruption_budget(name: str) -> Sample:
    return Sample(
        inputs={
            "metadata": {"name": name},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "a"}}},
        },
        changed={"spec": {"maxUnavailable": 2}},
        drift={"spec": {"maxUnavailable": "50%"}},
        drifted="spec.maxUnavailable",
    )


def claim(name: str) -> Sample:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}
    return Sample(
        inputs={"metadata": {"name": name, "labels": {"colour": "red"}}, "spec": spec},
        changed=labelled("green"),
        drift=labelled("blue"),
        drifted="metadata.labels.colour",
        replacing={"spec": {"accessModes": ["ReadWriteMany"]}},
    )


SAMPLES: Mapping[str, Callable[[str], Sample]] = {
    "kubernetes:core/v1:Namespace": by_label(),
    "kubernetes:core/v1:ServiceAccount": by_label(automountServiceAccountToken=False),
    "kubernetes:core/v1:Secret": secret,
    "kubernetes:core/v1:ConfigMap": config_map,
    "kubernetes:core/v1:Service": by_label(spec={"ports": [{"port": 80, "targetPort": "http"}]}),
    "kubernetes:core/v1:PersistentVolumeClaim": claim,
    "kubernetes:apps/v1:Deployment": deployed,
    "kubernetes:batch/v1:Job": job,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": role,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": binding("Role"),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": role,
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": binding("ClusterRole"),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": network_policy,
    "kubernetes:policy/v1:PodDisruptionBudget": disruption_budget,
}
