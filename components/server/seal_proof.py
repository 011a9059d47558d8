"""The seal, proven by a pod of the servers' ServiceAccount where nothing else has their identity. Pure.

A Job runs the servers' own program once, with their image, seal stanza and environment, and its storage in memory. It
asks for the key when it starts (DescribeKey), encrypts with it when it is initialised, and decrypts when it unseals
itself. What init answers is thrown away: it opens nothing once the pod has ended.
"""

from typing import Any

from components.server.configuration import proof_configuration
from components.server.pods import CONTAINER_SECURITY, POD_SECURITY, Pods, PodSeal
from components.server.values import amounts, environment, secret_environment
from custody.errors import CustodyError
from reach.pods import CONTAINER

Document = dict[str, Any]

PATIENCE_SECONDS = 120.0
"""The node may have to pull the image."""
_DEADLINE_SECONDS = 180
_KEPT_SECONDS = 300
"""Of a Job that nobody deleted: whoever made it was killed."""
_DIRECTORY = "/tmp"  # noqa: S108  in the pod
_REASON = "/dev/termination-log"
"""What the pod's status shows of it."""
_ATTEMPTS = 45
"""A second each, for the server to answer, and again to unseal."""

# `vault status` ends with 0 where it is unsealed, 2 where it is sealed, 1 where it doesn't answer.
_SCRIPT = """\
umask 077
printf '%s' "$CONFIGURATION" > "$DIRECTORY/proof.hcl"
vault server -config="$DIRECTORY/proof.hcl" > "$DIRECTORY/log" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null' EXIT
because() {
  why=$(sed -n "/$3/,\\$p" "$DIRECTORY/$2")
  printf '%s: %s' "$1" "${why:-$(tail -n 3 "$DIRECTORY/$2")}" | tr -s '[:space:]' ' ' \\
    | cut -c 1-1000 > "$REASON"
  exit 1
}
await() {
  left=$ATTEMPTS
  until vault status > /dev/null 2>&1; [ $? "$1" "$2" ]; do
    kill -0 "$server" 2> /dev/null && [ "$left" -gt 0 ] || because "$3" log "$4"
    left=$((left - 1))
    sleep 1
  done
}
await -ne 1 'the server does not start' '^Error'
vault operator init -recovery-shares=1 -recovery-threshold=1 > /dev/null 2> "$DIRECTORY/init" \\
  || because 'the server can not be initialised' init '^[*] '
await -eq 0 'the server does not unseal' 'unseal.*failed'
"""


def script(said: dict[str, str]) -> str:
    """Give the whole script: `said` are DIRECTORY, REASON and ATTEMPTS."""
    return "".join(f"{name}='{value}'\n" for name, value in said.items()) + _SCRIPT


def proof_job(pods: Pods, seal: PodSeal) -> Document:
    """Give the Job's manifest; nothing in it is secret.

    Raises:
        ValueError: where the seal has a web identity, which is proven by a token.

    """
    if seal.role_arn is not None:
        raise ValueError("seal has a web identity: prove it by a token")
    # What a NetworkPolicy selects, and not what the Services, the budget and `kubectl` commands do.
    labels = {**pods.labels, "component": "seal-proof"}
    container: Document = {
        "name": CONTAINER,
        "image": str(pods.image),
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/bin/sh",
            "-c",
            script({"DIRECTORY": _DIRECTORY, "REASON": _REASON, "ATTEMPTS": str(_ATTEMPTS)}),
        ],
        "env": [
            *({"name": name, "value": value} for name, value in _environment(seal).items()),
            *(
                {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}
                for name, secret in secret_environment(seal).items()
            ),
        ],
        "resources": amounts(pods),
        "securityContext": dict(CONTAINER_SECURITY),
        "terminationMessagePath": _REASON,
        "volumeMounts": [{"name": "tmp", "mountPath": _DIRECTORY}],
    }
    spec: Document = {
        "serviceAccountName": pods.service_account,
        # It asks nothing of the API server. (The agent's own token is mounted by EKS.)
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "securityContext": dict(POD_SECURITY),
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    if pods.priority_class is not None:
        spec["priorityClassName"] = pods.priority_class
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{pods.release}-seal-proof",
            "namespace": pods.namespace,
            "labels": labels,
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": _DEADLINE_SECONDS,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def _environment(seal: PodSeal) -> dict[str, str]:
    socket = f"{_DIRECTORY}/vault.sock"
    return {
        **environment(seal),
        "CONFIGURATION": proof_configuration(seal, socket),
        "VAULT_ADDR": f"unix://{socket}",
        # The first answer says why; a second init would only say that there was a first.
        "VAULT_MAX_RETRIES": "0",
        "HOME": _DIRECTORY,
    }


def refused(job: Document, reason: str) -> CustodyError:
    """Give the error of a Job that failed for this reason."""
    namespace = job["metadata"]["namespace"]
    account = job["spec"]["template"]["spec"]["serviceAccountName"]
    cure = next(
        (cure for words, cure in _CURES if any(word in reason for word in words)),
        "see the reason, then run again",
    )
    return CustodyError(
        f"a pod of ServiceAccount {namespace}/{account} can't use the seal key: {reason}", cure
    )


_CURES = (
    (
        ("NoCredentialProviders", "no EC2 IMDS", "failed to refresh cached credentials"),
        "see that the agent of EKS Pod Identity runs and hands this ServiceAccount its role (cloud.clusterName)",
    ),
    (
        ("no valid credentials", "refresh Ecs sts token", "100.100.100.200"),
        "see that the nodes have the RAM role cloud.instanceRole, and that pods reach their metadata (100.100.100.200)",
    ),
    (
        ("NotFoundException", "DisabledException", "KMSInvalidState", "Forbidden.KeyNotFound", "Rejected."),
        "see the key's state, region and name",
    ),
    (
        ("AccessDenied", "not authorized", "Forbidden", "NoPermission"),
        "grant the servers' identity what it is denied, then run again",
    ),
    (
        ("dial tcp", "RequestError", "timeout", "does not start"),
        "see that pods reach KMS (network.egressCidrs), then run again",
    ),
)  # fmt: skip
