"""Values for the official Helm chart (hashicorp/vault-helm 0.34), whole and from nothing else. Pure.

What each part must avoid stands beside it. Source: the chart's own templates and values.schema.json.
"""

import json
from dataclasses import dataclass
from typing import Any

from components.server import network_policy
from components.server.configuration import SEAL_CA, SEAL_TOKEN, pod_configuration
from components.server.injection import csi_values, injector_values
from components.server.pods import (
    AUDIT,
    CONTAINER_SECURITY,
    DATA,
    DATABASE,
    POD_SECURITY,
    STORAGE_FILE,
    TLS,
    Ingress,
    Pods,
    PodSeal,
    Volume,
)
from components.server.sidecar import CLIENT, sidecar
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CONFIG_MAP

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ValuesArgs:
    """Everything that the values follow from. Nothing here is secret: releases store their values."""

    pods: Pods
    seal: PodSeal
    tls_secret: str
    """Name of the Secret with tls.crt and tls.key."""
    ca_certificate: str
    """PEM."""
    database_digest: str | None = None
    """Changes whenever what the servers are told of their database does; None with raft."""

    def __post_init__(self) -> None:
        for seal in self.seal.both:
            for name, value in seal.parameters.items():
                for word in _INTERPRETED:
                    if word in value:
                        raise ValueError(
                            f"seal parameter {name} holds {word}, which the chart replaces"
                        )


SEAL_KEYS = "strongroom.io/seal-keys"
"""A pod's annotation: which keys of the seal it was started with, as a digest."""
DATABASE_DIGEST = "strongroom.io/database"
"""A pod's annotation: which password and CA of the database it was started with, as a digest."""
# The chart runs the configuration through its template engine, and its start script through sed.
_INTERPRETED = ("{{", "HOST_IP", "POD_IP", "HOSTNAME")


def chart_values(args: ValuesArgs) -> Document:
    """Give the chart's values."""
    pods = args.pods
    return {
        # Otherwise a release whose name lacks `vault` gets it appended to every object's name.
        "fullnameOverride": pods.release,
        "global": {"tlsDisable": False, "serverTelemetry": {"prometheusOperator": False}},
        "server": _server(args),
        # The servers' own interface is off; this would be a Service for it.
        "ui": {"enabled": False},
        "injector": injector_values(pods, args.ca_certificate),
        "csi": csi_values(pods),
        # Custom resources, which a cluster without Prometheus' operator refuses.
        "serverTelemetry": {
            "serviceMonitor": {"enabled": False},
            "prometheusRules": {"enabled": False},
        },
    }


def _server(args: ValuesArgs) -> Document:
    pods = args.pods
    mounts: list[Document] = [
        {"name": "tls", "mountPath": TLS, "readOnly": True},
        {"name": "audit", "mountPath": AUDIT},
    ]
    return {
        "image": pods.image.values,
        "logFormat": pods.log_format,
        "resources": amounts(pods),
        "priorityClassName": pods.priority_class or "",
        **_placement(pods),
        # A changed pod template restarts nothing by itself: `ops roll` does, one by one and the leader last. The
        # configuration's checksum in that template says which pods are behind.
        "updateStrategyType": "OnDelete",
        "includeConfigAnnotation": True,
        "annotations": _annotations(args),
        "terminationGracePeriodSeconds": 30,
        # The chart's own hook, for a program of either name. The container's first process is a shell that passes
        # no signal on.
        "preStop": ["/bin/sh", "-c", "sleep 5; kill -TERM $(pidof vault bao)"],
        # See sidecar.py.
        "readinessProbe": {"enabled": False},
        "livenessProbe": {"enabled": False},
        "shareProcessNamespace": True,
        "extraContainers": [sidecar(pods, CONTAINER_SECURITY, mounts)],
        "extraEnvironmentVars": {**environment(args.seal), "VAULT_CACERT": CLIENT["VAULT_CACERT"]},
        "extraSecretEnvironmentVars": [
            {"envName": name, "secretName": secret, "secretKey": name}
            for name, secret in secret_environment(args.seal).items()
        ],
        "volumes": _volumes(args),
        # The chart mounts the audit volume itself.
        "volumeMounts": [*mounts[:1], *_more_mounts(args)],
        # The storage's stanza lies in a Secret: a password stands in it.
        "extraArgs": "" if pods.database is None else f"-config={DATABASE}/{STORAGE_FILE}",
        "dataStorage": {**_storage(pods.storage, DATA), "enabled": pods.database is None},
        "auditStorage": _storage(pods.audit_storage, AUDIT),
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "service": {
            "type": "ClusterIP",
            # Clients reach unsealed servers only. Peers join by the headless Service, which shows all of them.
            "publishNotReadyAddresses": False,
            # They select `vault-active`; OpenBao's servers bear other labels: see exposure.py.
            "active": {"enabled": pods.flavour == "vault"},
            "standby": {"enabled": pods.flavour == "vault"},
        },
        "ingress": _ingress(pods),
        "networkPolicy": _network_policy(args),
        "serviceAccount": {
            "create": True,
            "name": pods.service_account,
            "annotations": {
                name: value for each in args.seal.both for name, value in each.annotations.items()
            },
            "serviceDiscovery": {"enabled": True},
        },
        # Lets Vault ask the API server about anybody's tokens.
        "authDelegator": {"enabled": pods.reviews_tokens},
        "statefulSet": {"securityContext": {"pod": POD_SECURITY, "container": CONTAINER_SECURITY}},
        "dev": {"enabled": False},
        "standalone": {"enabled": False},
        "ha": _ha(args),
    }


def _ha(args: ValuesArgs) -> Document:
    pods = args.pods
    configuration = pod_configuration(pods, args.seal)
    return {
        "enabled": True,
        "replicas": pods.replicas,
        # The chart's default is the pod's IP, which no certificate has. $(HOSTNAME), though, is unknown where the
        # chart writes this; its default for the cluster's address comes after it.
        "apiAddr": pods.url("$(VAULT_K8S_POD_NAME)"),
        # One at a time also of five: an eviction may meet a failure. A single server's budget would be zero, and
        # its node never drained.
        "disruptionBudget": {"enabled": pods.replicas > 1, "maxUnavailable": 1},
        "raft": {"enabled": True, "setNodeId": True, "config": configuration}
        if pods.database is None
        else {"enabled": False},
        # Looked at without raft only; empty, it would be the chart's own.
        "config": configuration,
    }


def _placement(pods: Pods) -> Document:
    """Give affinity and spread; an empty affinity switches the chart's default off, which one node can't meet."""
    if not pods.spread or pods.replicas == 1:
        return {"affinity": "", "topologySpreadConstraints": []}
    selector = {"matchLabels": pods.labels}
    host = {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"}
    zone = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        # A volume stays in the zone of its pod's first node: a bad beginning would stay, too.
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector,
    }
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [host]}}
    return {
        # As text, like the chart's default: helm warns of another type.
        "affinity": json.dumps(apart),
        "topologySpreadConstraints": [zone],
    }


def secret_environment(seal: PodSeal) -> dict[str, str]:
    """Give the variables whose values lie in a Secret, under the same name: name -> that Secret's."""
    names = {name for each in seal.both for name in each.secret_environment}
    return dict.fromkeys(sorted(names), seal.seal_secret)


def environment(seal: PodSeal) -> dict[str, str]:
    """Give the plain variables with which a server uses its seal, and the one that it leaves."""
    plain: dict[str, str] = {}
    for each in seal.both:
        plain |= {**each.environment, **_of_kind(each)}
    return plain


def _of_kind(seal: PodSeal) -> dict[str, str]:
    match seal.kind:
        case "awskms":
            return {
                # It beats the stanza's region (vault#24114), and whoever sets it sets both.
                "AWS_REGION": seal.parameters["region"],
                # Without the pods' own identity a server must fail, not fall back to its node's.
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        case "alicloudkms":
            # Likewise; without either, the seal looks for its key in cn-beijing.
            return {"ALICLOUD_REGION": seal.parameters["region"]}
        case "transit" | "shamir":
            return {}


def _annotations(args: ValuesArgs) -> dict[str, str]:
    """Let what is new in a Secret, which no part of the template holds, be a change of the template."""
    digests = {SEAL_KEYS: args.seal.keys_digest, DATABASE_DIGEST: args.database_digest}
    return {name: digest for name, digest in digests.items() if digest is not None}


def _volumes(args: ValuesArgs) -> list[Document]:
    sources: list[Document] = [
        {"secret": {"name": args.tls_secret, "items": _items("tls.crt", "tls.key")}},
        {"configMap": {"name": CONFIG_MAP, "items": _items(CA_KEY)}},
    ]
    volumes: list[Document] = [
        # One directory, exchanged at once when any of it changes (a subPath mount would never change).
        {"name": "tls", "projected": {"sources": sources, "defaultMode": 0o440}},
        # The chart's start script writes the configuration here.
        {"name": "tmp", "emptyDir": {}},
    ]
    with_token = args.seal.token
    if with_token is not None:
        token = {"audience": with_token.audience, "expirationSeconds": 3600, "path": "token"}
        volumes.append(
            {"name": "seal-token", "projected": {"sources": [{"serviceAccountToken": token}]}}
        )
    if args.pods.database is not None:
        items = _items(STORAGE_FILE, CA_KEY)
        secret = {"secretName": args.pods.database_secret, "items": items, "defaultMode": 0o440}
        volumes.append({"name": "database", "secret": secret})
    if _has_keeper(args.seal):
        name = SEAL_CA.rpartition("/")[2]
        volumes.append(
            {
                "name": "seal-ca",
                "secret": {"secretName": args.seal.seal_secret, "items": _items(name)},
            }
        )
    return volumes


def _has_keeper(seal: PodSeal) -> bool:
    return any(each.ca_certificate is not None for each in seal.both)


def _more_mounts(args: ValuesArgs) -> list[Document]:
    seal = args.seal
    mounts: list[Document] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108  in the pod
    if seal.token is not None:
        directory = SEAL_TOKEN.rpartition("/")[0]
        mounts.append({"name": "seal-token", "mountPath": directory, "readOnly": True})
    if args.pods.database is not None:
        mounts.append({"name": "database", "mountPath": DATABASE, "readOnly": True})
    if _has_keeper(seal):
        directory = SEAL_CA.rpartition("/")[0]
        mounts.append({"name": "seal-ca", "mountPath": directory, "readOnly": True})
    return mounts


def _items(*keys: str) -> list[dict[str, str]]:
    return [{"key": key, "path": key} for key in keys]


def _storage(volume: Volume, path: str) -> Document:
    return {
        "enabled": True,
        "size": volume.size,
        "storageClass": volume.storage_class,
        "mountPath": path,
        "accessMode": "ReadWriteOnce",
    }


def _ingress(pods: Pods) -> Document:
    if not isinstance(pods.exposure, Ingress):
        return {"enabled": False}
    # Passed through: the ingress neither holds a key nor sees a secret. Named for ingress-nginx; another controller's
    # own annotations come from the settings.
    through = {
        "nginx.ingress.kubernetes.io/ssl-passthrough": "true",
        "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS",
    }
    return {
        "enabled": True,
        "ingressClassName": pods.exposure.ingress_class,
        "annotations": {**through, **pods.exposure.annotations},
        "activeService": True,
        "hosts": [{"host": pods.exposure.host, "paths": []}],
    }


def _network_policy(args: ValuesArgs) -> Document:
    network = args.pods.network
    if network is None:
        return {"enabled": False}
    return {
        "enabled": True,
        "ingress": network_policy.ingress(args.pods, network),
        "egress": network_policy.egress(args.pods, network, args.seal),
    }


def amounts(pods: Pods) -> Document:
    """Give what a server's container asks for and may take."""
    named = {"requests": dict(pods.requests), "limits": dict(pods.limits)}
    return {name: amounts for name, amounts in named.items() if amounts}
