"""The container beside each server: reloads its certificate, bounds its audit logs, says when it is ready.

It shares the pod's processes and the server's user, so it can signal it, and the server's image, so it has a shell
(busybox's is enough) and the client.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from components.server.pods import AUDIT_FILES, CA_FILE, TLS, Pods
from reach.pods import PORT

CONFIGURATION = "-config=/tmp/storageconfig.hcl"
"""What the chart starts the server with: no other process of the pod has this argument and this name."""
CLIENT: Mapping[str, str] = {"VAULT_ADDR": f"https://127.0.0.1:{PORT}", "VAULT_CACERT": CA_FILE}
"""What makes `vault` in the pod verify the server that it asks. OpenBao's client reads these names too."""

# The chart's own probe skips verification (`vault status -tls-skip-verify`), and so do the kubelet's by HTTP. A pod is
# ready when each of its containers is: this one's probe stands for the server's. Sealed or not initialised, `vault
# status` ends with 2; init and joining need no ready pod.
READINESS: Mapping[str, Any] = {
    "exec": {"command": ["vault", "status"]},
    "initialDelaySeconds": 2,
    "periodSeconds": 5,
    "timeoutSeconds": 5,
    "failureThreshold": 2,
}

# Vault reads certificates anew on SIGHUP without closing a connection, and opens its audit logs anew. One that has just
# been started would die of the signal: it is told later. One that starts later reads by itself what is there by then.
_SCRIPT = """\
servers() {
  for process in /proc/[0-9]*; do
    { read -r name < "$process/comm"; } 2> /dev/null || continue
    case "$name" in vault | bao) ;; *) continue ;; esac
    tr '\\0' '\\n' < "$process/cmdline" 2> /dev/null | grep -qxF -e "$CONFIGURATION" || continue
    echo "${process#/proc/}"
  done
}
settled() {
  read -r now _ < /proc/uptime
  for each in "$@"; do
    # The 22nd field is when it was started, in hundredths of a second.
    set -- $(cat "/proc/$each/stat")
    [ $((${now%.*} - ${22:-0} / 100)) -ge "$GRACE" ] || return 1
  done
}
certificate() { cat "$TLS/tls.crt" "$TLS/tls.key" 2> /dev/null | cksum; }
taken=$(certificate)
why=
while sleep "$PAUSE"; do
  present=$(certificate)
  [ "$present" = "$taken" ] || why="$why certificate"
  taken=$present
  for log in $LOGS; do
    [ "$(stat -c %s "$log" 2> /dev/null || echo 0)" -gt "$LIMIT" ] || continue
    mv "$log" "$log.1" && why="$why $log"
  done
  [ -n "$why" ] || continue
  server=$(servers)
  [ -n "$server" ] || why=
  [ -n "$why" ] && settled $server && kill -HUP $server && echo "reloaded:$why" && why=
done
"""
_GRACE_SECONDS = 10
_PAUSE_SECONDS = 5
_GENERATIONS = 2
"""An audit log and the one before it; older ones must have been collected elsewhere by then."""
_FULL = 0.8
"""Of the volume, at most."""


def script(environment: Mapping[str, str]) -> str:
    """Give the whole script: `environment` says CONFIGURATION, TLS, LOGS, LIMIT, PAUSE and GRACE."""
    said = "".join(f"{name}='{value}'\n" for name, value in environment.items())
    return said + _SCRIPT


def sidecar(
    pods: Pods, security: Mapping[str, Any], mounts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Give the container. `mounts` are the certificate's and the audit logs' volumes."""
    limit = int(pods.audit_storage.bytes * _FULL / len(AUDIT_FILES) / _GENERATIONS)
    said = {
        "CONFIGURATION": CONFIGURATION,
        "TLS": TLS,
        "LOGS": " ".join(AUDIT_FILES),
        "LIMIT": str(limit),
        "PAUSE": str(_PAUSE_SECONDS),
        "GRACE": str(_GRACE_SECONDS),
    }
    return {
        "name": "reload",
        "image": str(pods.image),
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", script(said)],
        "env": [{"name": name, "value": value} for name, value in CLIENT.items()],
        "readinessProbe": dict(READINESS),
        "securityContext": dict(security),
        # The client's program is large; what it maps can be dropped, so this is seldom in use.
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [dict(mount) for mount in mounts],
    }
