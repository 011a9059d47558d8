"""The types that the stand-in knows: one line each. A type or property that isn't here is refused."""

from collections.abc import Mapping

from sandbox.plugins.kind import Kind
from sandbox.plugins.kubernetes import ready
from sandbox.plugins.kubernetes.client import Cluster
from sandbox.plugins.kubernetes.objects import Object
from sandbox.plugins.kubernetes.release import Release

_RBAC = "rbac.authorization.k8s.io/v1"
_CLAIM = ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName")
_JOB = ("spec.completions", "spec.parallelism", "spec.selector", "spec.template")
_SECRET = ("data", "stringData")

OBJECTS = (
    Object("v1", "Namespace", "spec", status=True, namespaced=False, ready=ready.active),
    Object("v1", "ServiceAccount", "automountServiceAccountToken", "imagePullSecrets", "secrets"),
    Object("v1", "Secret", *_SECRET, "type", "immutable", secret=_SECRET, replacing=("type",), ready=ready.filled),
    Object("v1", "ConfigMap", "data", "binaryData", "immutable"),
    Object("v1", "Service", "spec", status=True, replacing=("spec.clusterIP",), ready=ready.reached),
    Object("v1", "PersistentVolumeClaim", "spec", status=True, replacing=_CLAIM, ready=ready.bound),
    Object("apps/v1", "Deployment", "spec", status=True, replacing=("spec.selector",), ready=ready.rolled_out),
    Object("batch/v1", "Job", "spec", status=True, replacing=_JOB, ready=ready.completed),
    Object(_RBAC, "Role", "rules"),
    Object(_RBAC, "RoleBinding", "roleRef", "subjects", replacing=("roleRef",)),
    Object(_RBAC, "ClusterRole", "rules", "aggregationRule", namespaced=False),
    Object(_RBAC, "ClusterRoleBinding", "roleRef", "subjects", namespaced=False, replacing=("roleRef",)),
    Object("networking.k8s.io/v1", "NetworkPolicy", "spec"),
    Object("policy/v1", "PodDisruptionBudget", "spec", status=True),
)  # fmt: skip


def _token(each: Object) -> str:
    group = each.api_version if "/" in each.api_version else f"core/{each.api_version}"
    return f"kubernetes:{group}:{each.kind}"


KINDS: Mapping[str, Kind[Cluster]] = {
    **{_token(each): each for each in OBJECTS},
    "kubernetes:helm.sh/v3:Release": Release(),
}


def custom(token: str) -> Kind[Cluster] | None:
    """Give the kind of a custom resource, `kubernetes:cert-manager.io/v1:Certificate`; None for any other token.

    The server holds its fields against its definition. Kubernetes' own groups are the table's, so that a
    type which the table lacks is refused.
    """
    _, api_version, kind = token.split(":")
    group, _, version = api_version.rpartition("/")
    own = "." not in group or group == "k8s.io" or group.endswith((".k8s.io", "helm.sh"))
    if own or not version:
        return None
    return Object(api_version, kind, "spec", status=True, namespaced=None)
