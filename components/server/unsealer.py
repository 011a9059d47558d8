"""What keeps pods with Shamir's seal unsealed: `ops unseal --watch` as a Deployment, with an identity of its own.

It reads custody's unseal keys as an identity of its own, which may do nothing else; Vault's pods have no part in it.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.cloud.contract import CustodyPlace, UnsealerIdentity
from components.server.network_policy import unsealer_egress
from components.server.pods import CONTAINER_SECURITY, POD_SECURITY, Pods

Document = dict[str, Any]

_METRICS_PORT = 9410
_PLACE = "/etc/strongroom"
_TOKEN = "/var/run/secrets/strongroom"  # noqa: S105  a path


@dataclass(frozen=True, kw_only=True)
class UnsealerArgs:
    """Whose pods, and as whom custody is read."""

    pods: Pods
    image: str
    """Has this program and what it imports; `python` starts in its directory."""
    service_account: str
    identity: UnsealerIdentity
    custody: CustodyPlace
    namespace: pulumi.Input[str]
    """The pods', known once there is something to unseal in it."""
    ca_certificate: pulumi.Input[str]
    """PEM, of the servers."""


class Unsealer(pulumi.ComponentResource):
    """ServiceAccount, ConfigMap, Deployment; a Secret without a role, a NetworkPolicy where the servers have one."""

    def __init__(
        self, name: str, args: UnsealerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:Unsealer", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        pods, labels = args.pods, unsealer_labels(args.pods)
        # Any: as a dict it would be held against every form that the SDK takes, for minutes.
        metadata: Any = {
            "name": args.service_account,
            "namespace": args.namespace,
            "labels": labels,
        }
        keys = args.identity.secret_environment
        place = pulumi.Output.all(
            ca_certificate=args.ca_certificate,
            bucket=args.custody.bucket,
            custody_key=args.custody.custody_key,
            seal_key=args.custody.seal_key,
            writer_role=args.custody.writer_role,
        ).apply(lambda known: place_document(args, known))
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=metadata,
            automount_service_account_token=False,
            opts=child,
        )
        config = kubernetes.core.v1.ConfigMap(
            f"{name}-place", metadata=metadata, data={"place.json": place}, opts=child
        )
        ready = [account.id, config.id]
        if keys:
            secret = kubernetes.core.v1.Secret(
                f"{name}-keys",
                metadata=metadata,
                string_data={key: pulumi.Output.secret(value) for key, value in keys.items()},
                opts=child,
            )
            ready.append(secret.id)
        role = args.identity.web_identity
        spec: Any = pulumi.Output.all(
            role=role and role.role_arn,
            place=place,
            # Of a digest nobody makes a key again.
            keys=pulumi.Output.unsecret(pulumi.Output.all(**keys).apply(_digest)),
            ready=ready,
        ).apply(
            lambda known: deployment_spec(
                args, known["role"], _digest([known["place"], known["keys"]])
            )
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment", metadata=metadata, spec=spec, opts=child
        )
        if pods.network is not None:
            policy: Any = {
                "podSelector": {"matchLabels": labels},
                "policyTypes": ["Egress"],
                "egress": unsealer_egress(pods, pods.network),
            }
            kubernetes.networking.v1.NetworkPolicy(
                f"{name}-network", metadata=metadata, spec=policy, opts=child
            )
        self.register_outputs({})


def unsealer_labels(pods: Pods) -> dict[str, str]:
    """Give what the unsealer's pods are selected by, and the servers' are not."""
    return {**pods.labels, "app.kubernetes.io/name": "strongroom-unsealer", "component": "unsealer"}


def place_document(args: UnsealerArgs, known: Document) -> str:
    """Give what `ops unseal --place` reads. Nothing in it is secret."""
    pods, custody = args.pods, args.custody
    urls = [pods.url(name) for name in pods.names]
    return json.dumps(
        {
            "flavour": pods.flavour,
            "members": urls,
            "ca_certificate": known["ca_certificate"],
            "custody": {
                "region": custody.region,
                "endpoint": args.identity.endpoint,
                "bucket": known["bucket"],
                "prefix": custody.prefix,
                "custody_key": known["custody_key"],
                "seal_key": known["seal_key"],
                "writer_role": known["writer_role"],
                # The pod's own identity reads.
                "reader_role": None,
            },
        },
        sort_keys=True,
    )


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def deployment_spec(args: UnsealerArgs, role_arn: str | None, digest: str) -> Document:
    """Give the Deployment's spec. One pod: a second would hand over the same keys at the same time.

    `digest` changes with what its pod reads once, at its start.
    """
    labels, name = unsealer_labels(args.pods), args.service_account
    environment = {
        "AWS_REGION": args.custody.region,
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        # Without its own identity it must fail, not fall back to its node's.
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    volumes: list[Document] = [{"name": "place", "configMap": {"name": name}}]
    mounts: list[Document] = [{"name": "place", "mountPath": _PLACE, "readOnly": True}]
    role = args.identity.web_identity
    if role is not None:
        environment |= {
            "AWS_ROLE_ARN": str(role_arn),
            "AWS_WEB_IDENTITY_TOKEN_FILE": f"{_TOKEN}/token",
        }
        token = {"audience": role.audience, "expirationSeconds": 3600, "path": "token"}
        sources = [{"serviceAccountToken": token}]
        volumes.append({"name": "token", "projected": {"sources": sources}})
        mounts.append({"name": "token", "mountPath": _TOKEN, "readOnly": True})
    secret = [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
        for key in sorted(args.identity.secret_environment)
    ]
    listening = f"0.0.0.0:{_METRICS_PORT}"
    container: Document = {
        "name": "unseal",
        "image": args.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "python", "-m", "ops", "unseal", "--watch",
            "--place", f"{_PLACE}/place.json", "--metrics", listening,
        ],
        "env": [
            *({"name": key, "value": value} for key, value in environment.items()),
            *secret,
        ],
        "ports": [{"name": "metrics", "containerPort": _METRICS_PORT}],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "metrics"},
            "periodSeconds": 15,
            "timeoutSeconds": 5,
        },
        "securityContext": dict(CONTAINER_SECURITY),
        "resources": {
            "requests": {"cpu": "20m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "volumeMounts": mounts,
    }  # fmt: skip
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {
                "labels": labels,
                "annotations": {"strongroom.io/read": digest},
            },
            "spec": {
                "serviceAccountName": name,
                "automountServiceAccountToken": False,
                "securityContext": dict(POD_SECURITY),
                "containers": [container],
                "volumes": volumes,
            },
        },
    }
