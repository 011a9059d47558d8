"""A release of Vault's chart, servers as processes, a Deployment: each as every rule accepts it."""

from typing import Any

from policies.rules.kubernetes.configuration import NODES
from policies.rules.kubernetes.containers import RELEASE
from tests.policies.case import Sample

CONFIGURATION = """
disable_mlock = true
storage "raft" {
  path = "/vault/data"
  retry_join {
    leader_api_addr = "https://vault-0.vault-internal:8200"
  }
}
listener "tcp" {
  address = "[::]:8200"
  tls_cert_file = "/vault/tls/tls.crt"
  tls_key_file = "/vault/tls/tls.key"
  tls_min_version = "tls12"
}
"""
POD: dict[str, Any] = {"runAsNonRoot": True, "runAsUser": 100}
CONTAINER: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"], "add": []},
}
RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}}
HERE = [{"podSelector": {"matchLabels": {"component": "server"}}}]


def release(**server: Any) -> Sample:
    """The release, with these among the servers' values."""
    values = {
        "global": {"tlsDisable": False},
        "ui": {"enabled": False},
        "server": {
            "image": {"repository": "hashicorp/vault", "tag": "2.0.4"},
            "resources": RESOURCES,
            "statefulSet": {"securityContext": {"pod": POD, "container": CONTAINER}},
            "extraContainers": [
                {
                    "name": "reload",
                    "image": "hashicorp/vault:2.0.4",
                    "resources": RESOURCES,
                    "securityContext": CONTAINER,
                }
            ],
            "affinity": {
                "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}
            },
            "auditStorage": {"enabled": True},
            "networkPolicy": {
                "enabled": True,
                "ingress": [{"from": HERE, "ports": [{"port": 8200}]}],
                "egress": [{"to": HERE}],
            },
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain"},
            "service": {"type": "ClusterIP"},
            "updateStrategyType": "OnDelete",
            "dev": {"enabled": False},
            "ha": {
                "enabled": True,
                "replicas": 3,
                "disruptionBudget": {"enabled": True, "maxUnavailable": 1},
                "raft": {"enabled": True, "config": CONFIGURATION},
            },
            **server,
        },
        "injector": {
            "enabled": True,
            "image": {"repository": "hashicorp/vault-k8s", "tag": "1.7.6"},
            "agentImage": {"repository": "hashicorp/vault", "tag": "2.0.4"},
            "resources": RESOURCES,
            "securityContext": {"pod": POD, "container": CONTAINER},
            "webhook": {"failurePolicy": "Fail", "namespaceSelector": {"matchLabels": {"a": "b"}}},
        },
    }
    return Sample(
        type=RELEASE,
        name="release",
        inputs={
            "chart": "vault",
            "version": "0.34.1",
            "atomic": False,
            "cleanupOnFail": False,
            "forceUpdate": False,
            "recreatePods": False,
            "values": values,
        },
    )


def nodes() -> Sample:
    return Sample(type=NODES, name="nodes", inputs={"configurations": [CONFIGURATION] * 3})


def deployment() -> Sample:
    container = {
        "name": "unseal",
        "image": "registry.example.com:5000/unseal:1",
        "resources": RESOURCES,
        "securityContext": CONTAINER,
    }
    spec = {
        "securityContext": POD,
        "hostNetwork": False,
        "containers": [container],
        "volumes": [{"name": "place", "configMap": {"name": "place"}}],
    }
    return Sample(
        type="kubernetes:apps/v1:Deployment",
        name="deployment",
        inputs={"spec": {"template": {"spec": spec}}},
    )
