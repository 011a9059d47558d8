"""What the official plugin waits for, kind by kind: one function each, which says what is still missing.

A function gets the cluster and the object as it is; it gives "" once the object is ready. It raises RefusedError
if the object never will be.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values
from sandbox.plugins.kubernetes.client import Cluster, Place

Ready = Callable[[Cluster, Values], str]


def at_once(cluster: Cluster, live: Values) -> str:
    """Nothing to wait for."""
    del cluster, live
    return ""


def active(cluster: Cluster, live: Values) -> str:
    """A namespace takes objects."""
    del cluster
    phase = _status(live).get("phase")
    return "" if phase == "Active" else f"it is {phase}"


def rolled_out(cluster: Cluster, live: Values) -> str:
    """A Deployment runs what it says, and nothing else."""
    status = _status(live)
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return "its controller has not seen it yet"
    conditions = _conditions(live)
    stuck = conditions.get("Progressing", {})
    wanted = (live.get("spec") or {}).get("replicas", 1)
    updated, all_, available = (
        status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")
    )
    if updated >= wanted and all_ <= updated and available >= updated:
        return ""
    missing = f"{available} of {wanted} replicas are available"
    if all_ > updated:
        missing += f", {all_ - updated} old ones are left"
    why = [missing]
    if conditions.get("ReplicaFailure", {}).get("status") == "True":
        why.append(str(conditions["ReplicaFailure"].get("message")))
    why += _pods_troubles(cluster, live, live["spec"].get("selector") or {})
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        raise RefusedError(f"it is not rolled out in time: {'; '.join(why)}")
    return "; ".join(why)


def completed(cluster: Cluster, live: Values) -> str:
    """A Job has done its work."""
    conditions = _conditions(live)
    if conditions.get("Complete", {}).get("status") == "True":
        return ""
    failed = conditions.get("Failed", {})
    selector = (live.get("spec") or {}).get("selector") or {}
    troubles = _pods_troubles(cluster, live, selector)
    if failed.get("status") == "True":
        why = "; ".join([f"{failed.get('reason')}: {failed.get('message')}", *troubles])
        raise RefusedError(f"it failed: {why}")
    return "; ".join(["it has not completed", *troubles])


def reached(cluster: Cluster, live: Values) -> str:
    """A Service leads somewhere, and has its address if that is the cloud's to give."""
    spec = live.get("spec") or {}
    if spec.get("type") == "LoadBalancer" and not (_status(live).get("loadBalancer") or {}).get(
        "ingress"
    ):
        return "it has no address: does the cloud give load balancers?"
    if (
        spec.get("type") == "ExternalName"
        or spec.get("clusterIP") == "None"
        or not spec.get("selector")
    ):
        return ""
    metadata = live["metadata"]
    slices = cluster.labelled(
        "discovery.k8s.io/v1", "EndpointSlice", metadata["namespace"],
        f"kubernetes.io/service-name={metadata['name']}",
    )  # fmt: skip
    endpoints = [each for one in slices for each in one.get("endpoints") or ()]
    ready = [each for each in endpoints if (each.get("conditions") or {}).get("ready") is not False]
    if len(ready) < len(endpoints):
        return f"{len(ready)} of {len(endpoints)} pods behind it are ready"
    return "" if ready else NO_PODS


NO_PODS = "no pod matches its selector"
"""The official plugin is content with that, once it has been so for some seconds."""


def bound(cluster: Cluster, live: Values) -> str:
    """A claim has its volume, or gets it with its first pod."""
    phase = _status(live).get("phase")
    if phase == "Bound":
        return ""
    name = (live.get("spec") or {}).get("storageClassName")
    place = Place(api_version="storage.k8s.io/v1", kind="StorageClass", name=str(name))
    mode = ((name and cluster.get(place)) or {}).get("volumeBindingMode")
    if mode == "WaitForFirstConsumer" and phase == "Pending":
        return ""
    return f"no volume is bound to it ({phase}; storage class {name or 'none'})"


def filled(cluster: Cluster, live: Values) -> str:
    """A Secret for a ServiceAccount's token holds it."""
    del cluster
    if live.get("type") != "kubernetes.io/service-account-token" or live.get("data"):
        return ""
    return "the cluster has put no token into it: is its ServiceAccount there?"


def conditions(text: str) -> Ready:
    """Read the annotation `pulumi.com/waitFor`: `condition=Ready`, `condition=Ready=False`, or a JSON list of such.

    Raises:
        RefusedError: if it is anything else, such as a JSONPath.

    """
    try:
        listed = json.loads(text)
    except ValueError:
        listed = text
    wanted = []
    for each in listed if isinstance(listed, list) and listed else [text]:
        found = re.fullmatch(r"condition=([^=]+)(?:=(.+))?", str(each))
        if found is None:
            raise RefusedError(
                f"pulumi.com/waitFor: {each!r} is no condition=<type>, which is all the sandbox knows"
            )
        wanted.append((found[1], found[2] or "True"))

    def ready(cluster: Cluster, live: Values) -> str:
        del cluster
        there = _conditions(live)
        missing = [(kind, there.get(kind, {})) for kind, status in wanted
                   if there.get(kind, {}).get("status") != status]  # fmt: skip
        return "; ".join(
            f"condition {kind} is {found.get('status', 'not there')}: {found.get('message', '')}".rstrip(
                ": "
            )
            for kind, found in missing
        )

    return ready


def _status(live: Values) -> dict[str, Any]:
    return dict(live.get("status") or {})


def _conditions(live: Values) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in _status(live).get("conditions") or ()}


def _pods_troubles(cluster: Cluster, live: Values, selector: Values) -> Sequence[str]:
    """Say what keeps its pods from running: never what they print."""
    labels = ",".join(
        f"{name}={value}" for name, value in (selector.get("matchLabels") or {}).items()
    )
    if not labels:
        return ()
    pods = cluster.labelled("v1", "Pod", live["metadata"]["namespace"], labels)
    return list(dict.fromkeys(trouble for pod in pods for trouble in _pod_troubles(pod)))


def _pod_troubles(pod: Values) -> Iterator[str]:
    name, status = pod["metadata"]["name"], _status(pod)
    unscheduled = _conditions(pod).get("PodScheduled", {})
    if unscheduled.get("status") == "False":
        yield f"pod {name} is not scheduled: {unscheduled.get('message')}"
    for each in [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]:
        state = each.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            yield f"pod {name}, container {each['name']}: {waiting['reason']}"
        elif ended.get("exitCode"):
            yield f"pod {name}, container {each['name']}: exit code {ended['exitCode']}"
