"""Rules over the release of Vault's chart."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.properties import plain
from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.kubernetes.containers import RELEASE, has_servers

_EXACT = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@rule(
    RELEASE,
    reason="tomorrow's run would install another chart, and with it other objects",
    cure="give the chart's exact version, or a chart that lies in a directory",
    severity=Severity.HIGH,
)
def charts_are_pinned(release: Resource) -> Findings:
    """A chart that comes from a repository has an exact version."""
    local = str(release.at("chart", "")).startswith(("/", "./", "../"))
    if not local and not _EXACT.fullmatch(str(release.at("version", ""))):
        yield "version is not an exact one"


@rule(
    RELEASE,
    reason="what a file says no rule can see",
    cure="write the values into the program",
    severity=Severity.MEDIUM,
)
def chart_values_are_visible(release: Resource) -> Findings:
    """A release takes no values from files."""
    if release.at("valueYamlFiles", ()):
        yield "valueYamlFiles is not empty"


@rule(
    RELEASE,
    reason="helm would delete servers that aren't ready yet, and none is before init",
    cure="set atomic, cleanup_on_fail, force_update and recreate_pods to False",
    severity=Severity.HIGH,
)
def releases_survive_failure(release: Resource) -> Findings:
    """No failure of helm deletes servers, and no update all of them at once."""
    if has_servers(release):
        for name in ("atomic", "cleanupOnFail", "forceUpdate", "recreatePods"):
            with release.if_known():
                if release.at(name) is True:
                    yield f"{name} is on"


@rule(
    RELEASE,
    reason="tokens and secrets would cross the cluster's network in the clear",
    cure="set global.tlsDisable: false",
    severity=Severity.CRITICAL,
)
def charts_speak_tls(release: Resource) -> Findings:
    """What the chart makes speaks TLS with Vault. Its own default is not to."""
    if (
        "vault" in str(release.at("chart", ""))
        and release.at("values.global.tlsDisable") is not False
    ):
        yield "values.global.tlsDisable is not off"


@rule(
    RELEASE,
    reason="a server in dev mode keeps everything in memory, unsealed, with a known root token",
    cure="set server.dev.enabled: false and server.ha.enabled: true",
    severity=Severity.CRITICAL,
)
def servers_are_for_production(release: Resource) -> Findings:
    """Servers are highly available, not standalone or for development."""
    if has_servers(release):
        if release.at("values.server.dev.enabled") is True:
            yield "values.server.dev.enabled is on"
        if release.at("values.server.ha.enabled") is not True:
            yield "values.server.ha.enabled is off"


@rule(
    RELEASE,
    "pulumi-python:dynamic/strongroom:Nodes",
    reason="an even number bears no more failures than the odd one below it, and two bear none",
    cure="set server.replicas to 3 or 5",
    severity=Severity.HIGH,
)
def servers_form_a_quorum(
    resource: Resource,
    *,
    fewest: Annotated[int, Field(ge=1, description="Fewest servers.")] = 3,
) -> Findings:
    """There are three servers or more, and with raft an odd number."""
    if resource.type != RELEASE:
        number, raft = len(resource.at("configurations", ())), True
    elif has_servers(resource):
        number = int(resource.at("values.server.ha.replicas", 0))
        raft = resource.at("values.server.ha.raft.enabled") is True
    else:
        return
    if number < fewest:
        yield f"there are {number}, and at least {fewest} are asked"
    elif raft and number % 2 == 0:
        yield f"there are {number}, an even number"


@rule(
    RELEASE,
    reason="without a place of its own the audit log fills the disk that the data is on, or is lost with its pod",
    cure="set server.auditStorage.enabled: true",
    severity=Severity.HIGH,
)
def audit_has_a_volume(release: Resource) -> Findings:
    """Servers keep their audit log on a volume of its own."""
    yield from _must(release, "auditStorage.enabled", lambda value: value is True, "is off")


@rule(
    RELEASE,
    reason="a drained node would take the quorum with it",
    cure="set server.ha.disruptionBudget: {enabled: true, maxUnavailable: 1}",
    severity=Severity.HIGH,
)
def servers_have_a_disruption_budget(release: Resource) -> Findings:
    """No more than one server at a time is taken away on purpose."""
    yield from _must(release, "ha.disruptionBudget.enabled", lambda value: value is True, "is off")
    yield from _must(
        release, "ha.disruptionBudget.maxUnavailable", lambda value: value == 1, "is not 1"
    )


@rule(
    RELEASE,
    reason="one node lost would take the quorum with it",
    cure="set server.affinity to a required podAntiAffinity by host (server.spread: true)",
    severity=Severity.HIGH,
)
def servers_are_apart(release: Resource) -> Findings:
    """Each server is on a node of its own."""
    yield from _must(release, "affinity", _keeps_apart, "doesn't keep them on nodes of their own")


@rule(
    RELEASE,
    reason="any pod of the cluster could try passwords and tokens, and a server that was broken into could call home",
    cure="set server.networkPolicy.enabled: true, with ingress from named pods or namespaces",
    severity=Severity.HIGH,
)
def servers_are_fenced(release: Resource) -> Findings:
    """A NetworkPolicy says who may reach the servers, and whom they may reach."""
    if not has_servers(release):
        return
    path = "values.server.networkPolicy"
    if release.at(f"{path}.enabled") is not True:
        yield f"{path}.enabled is off"
        return
    for direction, end in (("ingress", "from"), ("egress", "to")):
        with release.if_known():
            for number in range(len(release.at(f"{path}.{direction}", ()))):
                if not release.at(f"{path}.{direction}.{number}.{end}", ()):
                    yield f"{path}.{direction}[{number}] names nobody, which is everybody"


@rule(
    RELEASE,
    reason="a release deleted by mistake would take all data with it",
    cure="set server.persistentVolumeClaimRetentionPolicy.whenDeleted: Retain",
    severity=Severity.HIGH,
)
def volumes_outlive_servers(release: Resource) -> Findings:
    """Volumes stay when the release goes."""
    yield from _must(
        release,
        "persistentVolumeClaimRetentionPolicy.whenDeleted",
        lambda value: value in (None, "Retain"),
        "is not Retain",
    )


@rule(
    RELEASE,
    reason="the chart would restart servers in the order of their names, the leader among them",
    cure="set server.updateStrategyType: OnDelete and restart by `ops roll`",
    severity=Severity.MEDIUM,
)
def servers_wait_for_their_restart(release: Resource) -> Findings:
    """A changed release restarts no server by itself."""
    yield from _must(
        release, "updateStrategyType", lambda value: value in (None, "OnDelete"), "is not OnDelete"
    )


@rule(
    RELEASE,
    reason="a pod would start without its secrets, and nobody would see why",
    cure="set injector.webhook.failurePolicy: Fail and a namespaceSelector",
    severity=Severity.MEDIUM,
)
def injector_fails_closed(release: Resource) -> Findings:
    """Where secrets are injected no pod starts without them, and elsewhere nobody waits."""
    if release.at("values.injector.enabled") is True:
        webhook = "values.injector.webhook"
        if release.at(f"{webhook}.failurePolicy") != "Fail":
            yield f"{webhook}.failurePolicy is not Fail"
        if not release.at(f"{webhook}.namespaceSelector", {}):
            yield f"{webhook}.namespaceSelector is empty"


def _must(release: Resource, path: str, holds: Callable[[Any], bool], otherwise: str) -> Findings:
    """Look at one of the servers' values."""
    if has_servers(release):
        with release.if_known():
            if not holds(release.at(f"values.server.{path}")):
                yield f"values.server.{path} {otherwise}"


def _keeps_apart(affinity: Any) -> bool:
    """Whether it, as text or as values, wants a node for each. The chart's own default (None) does."""
    if affinity is None:
        return True
    value = affinity if isinstance(affinity, str) else plain(affinity)
    if isinstance(value, str):
        return _REQUIRED in value and "podAntiAffinity" in value
    return bool((value.get("podAntiAffinity") or {}).get(_REQUIRED))
