"""Services in front of the active server; what an ingress needs is in the values."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.server.pods import CLUSTER_PORT, InternalLoadBalancer, Pods
from reach.pods import PORT

# Each cloud reads its own and passes over the others. A load balancer is public where none of these is understood.
# Source: the documentation of the AWS Load Balancer Controller, of EKS' own controller, ACK, GKE and AKS.
_INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-type": "external",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet",
    "networking.gke.io/load-balancer-type": "Internal",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
}

# No server is behind it before init, and init comes later in the same run.
_NOT_AWAITED = {"pulumi.com/skipAwait": "true"}


def active_service(
    name: str, pods: Pods, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> kubernetes.core.v1.Service:
    """Declare the Service `<release>-active` of an OpenBao, in place of the chart's.

    That one selects `vault-active`, and OpenBao labels its leader `openbao-active`.
    """
    return kubernetes.core.v1.Service(
        name,
        metadata={
            "name": f"{pods.release}-active",
            "namespace": namespace,
            # The chart's own; a ServiceMonitor selects by them.
            "labels": {
                "app.kubernetes.io/name": "vault",
                "app.kubernetes.io/instance": pods.release,
                "vault-active": "true",
            },
            "annotations": _NOT_AWAITED,
        },
        spec={
            "selector": pods.leader_labels,
            "ports": [
                {"name": "https", "port": PORT, "target_port": PORT},
                {"name": "https-internal", "port": CLUSTER_PORT, "target_port": CLUSTER_PORT},
            ],
        },
        opts=opts,
    )


def load_balancer(
    name: str,
    pods: Pods,
    exposure: InternalLoadBalancer,
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.Service:
    """Declare the Service. The chart would make one for each of its three Services."""
    return kubernetes.core.v1.Service(
        name,
        metadata={
            "name": f"{pods.release}-internal-lb",
            "namespace": namespace,
            "annotations": {
                **_INTERNAL,
                **exposure.annotations,
                **_NOT_AWAITED,
            },
        },
        spec={
            "type": "LoadBalancer",
            "selector": pods.leader_labels,
            "ports": [{"name": "https", "port": PORT, "target_port": PORT}],
            # The clients' addresses stay visible: the account and NetworkPolicies are bound to them.
            "external_traffic_policy": "Local",
            "load_balancer_source_ranges": list(exposure.client_cidrs),
        },
        opts=opts,
    )
