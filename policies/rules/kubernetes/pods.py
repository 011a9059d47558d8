"""Rules over containers, whether a chart makes them or a plain object does."""

import re

from pulumi_policy import Severity

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.kubernetes.containers import PODS, RELEASE, TYPES, containers, is_pinned

_AGENT_IMAGES = ("values.injector.agentImage", "values.csi.image", "values.csi.agent.image")
_AMOUNT = re.compile(r"[0-9.]+([a-zA-Z]*)")


@rule(
    *TYPES,
    reason="tomorrow's pod would run something that nobody looked at",
    cure="give the image a tag that isn't latest, or a digest",
    severity=Severity.HIGH,
)
def images_are_pinned(resource: Resource) -> Findings:
    """Every image says which one it is."""
    for container in containers(resource):
        with resource.if_known():
            if not is_pinned(resource.at(container.image)):
                yield f"{container.image} has no tag, or latest"
    if resource.type == RELEASE:
        for path in _AGENT_IMAGES:
            with resource.if_known():
                image = resource.at(path)
                if image is not None and not is_pinned(image):
                    yield f"{path} has no tag, or latest"


@rule(
    *TYPES,
    reason="a pod that asks for nothing is the first to be evicted, and one without a limit evicts others",
    cure="set requests for cpu and memory, and a limit for memory",
    severity=Severity.MEDIUM,
)
def containers_ask_for_resources(resource: Resource) -> Findings:
    """Every container says what it needs, and how much memory it may take."""
    for container in containers(resource):
        for amount in ("requests.cpu", "requests.memory", "limits.memory"):
            with resource.if_known():
                path = f"{container.resources}.{amount}"
                if not _AMOUNT.fullmatch(str(resource.at(path, ""))):
                    yield f"{path} is not set"


@rule(
    *TYPES,
    reason="a process that breaks out of its container is what it was inside of it",
    cure="set runAsNonRoot: true for the pod or the container",
    severity=Severity.HIGH,
)
def containers_run_as_non_root(resource: Resource) -> Findings:
    """No container runs as root."""
    for container in containers(resource):
        with resource.if_known():
            own = resource.at(f"{container.security}.runAsNonRoot")
            whole = resource.at(f"{container.pod_security}.runAsNonRoot")
            if (whole if own is None else own) is not True:
                yield f"{container.image.removesuffix('.image')}: runAsNonRoot is off"


@rule(
    *TYPES,
    reason="what a container can't gain nobody who breaks into it can use",
    cure="set allowPrivilegeEscalation: false and drop ALL capabilities; add none",
    severity=Severity.HIGH,
)
def containers_gain_no_privileges(resource: Resource) -> Findings:
    """No container is privileged, may become so, or keeps capabilities."""
    for container in containers(resource):
        path = container.security
        with resource.if_known():
            if resource.at(f"{path}.privileged") is True:
                yield f"{path}.privileged is on"
        with resource.if_known():
            if resource.at(f"{path}.allowPrivilegeEscalation") is not False:
                yield f"{path}.allowPrivilegeEscalation is not off"
        with resource.if_known():
            if "ALL" not in resource.at(f"{path}.capabilities.drop", ()):
                yield f"{path}.capabilities.drop lacks ALL"
        with resource.if_known():
            if resource.at(f"{path}.capabilities.add", ()):
                yield f"{path}.capabilities.add is not empty"


@rule(
    *PODS,
    reason="whoever is on a node's network, processes or disk can read the memory and volumes of others there",
    cure="leave out hostNetwork, hostPID, hostIPC and hostPath",
    severity=Severity.HIGH,
)
def pods_stay_off_their_node(resource: Resource) -> Findings:
    """No pod shares its node's network, processes or files."""
    spec = PODS[resource.type]
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        with resource.if_known():
            if resource.at(f"{spec}.{name}") is True:
                yield f"{spec}.{name} is on"
    with resource.if_known():
        for number in range(len(resource.at(f"{spec}.volumes", ()))):
            if resource.at(f"{spec}.volumes.{number}.hostPath") is not None:
                yield f"{spec}.volumes[{number}] is a hostPath"
