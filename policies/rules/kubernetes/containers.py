"""Where a release and each kind of plain object says what its containers are. No rules here.

A container is given as paths into the resource, so that what isn't known of one hides nothing of the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.framework.properties import Elements, Properties
from policies.framework.resource import Resource

RELEASE = "kubernetes:helm.sh/v3:Release"

PODS: Mapping[str, str] = {
    "kubernetes:core/v1:Pod": "spec",
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:StatefulSet": "spec.template.spec",
    "kubernetes:apps/v1:DaemonSet": "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
}
"""Type -> where its pod's spec stands."""

TYPES = (RELEASE, *PODS)


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container, by where its parts stand."""

    image: str
    """Text, or `{repository, tag}`."""
    resources: str
    security: str
    pod_security: str
    """Its pod's securityContext."""


def has_servers(release: Resource) -> bool:
    """Whether it is a release of Vault's chart, with servers in it."""
    chart = str(release.at("chart", "")).rstrip("/").rpartition("/")[2]
    servers = release.at("values.server")
    return (
        "vault" in chart
        and servers is not None
        and release.at("values.server.enabled") is not False
    )


def containers(resource: Resource) -> Iterator[Container]:
    """Give each container that the resource makes."""
    if resource.type == RELEASE:
        yield from _of_release(resource)
        return
    spec = PODS[resource.type]
    for kind in ("initContainers", "containers"):
        yield from _listed(resource, f"{spec}.{kind}", f"{spec}.securityContext")


def _of_release(release: Resource) -> Iterator[Container]:
    if has_servers(release):
        server, security = "values.server", "values.server.statefulSet.securityContext"
        yield Container(
            image=f"{server}.image",
            resources=f"{server}.resources",
            security=f"{security}.container",
            pod_security=f"{security}.pod",
        )
        yield from _listed(release, f"{server}.extraContainers", f"{security}.pod")
        yield from _listed(release, f"{server}.extraInitContainers", f"{security}.pod")
    if release.at("values.injector.enabled") is True:
        injector = "values.injector"
        yield Container(
            image=f"{injector}.image",
            resources=f"{injector}.resources",
            security=f"{injector}.securityContext.container",
            pod_security=f"{injector}.securityContext.pod",
        )


def _listed(resource: Resource, path: str, pod_security: str) -> Iterator[Container]:
    for number in range(len(_elements(resource, path))):
        yield Container(
            image=f"{path}.{number}.image",
            resources=f"{path}.{number}.resources",
            security=f"{path}.{number}.securityContext",
            pod_security=pod_security,
        )


def _elements(resource: Resource, path: str) -> Elements | tuple[()]:
    found = resource.at(path)
    return found if isinstance(found, Elements) else ()


def is_pinned(image: Any) -> bool:
    """Whether an image says which one it is: by a tag that isn't `latest`, or by a digest."""
    if isinstance(image, Properties):
        tag = str(image.at("tag", ""))
        return bool(tag) and tag != "latest"
    text = str(image or "")
    if "@sha256:" in text:
        return True
    tag = text.rpartition("/")[2].partition(":")[2]
    return bool(tag) and tag != "latest"
