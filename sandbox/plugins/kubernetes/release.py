"""A Helm release: installed, upgraded, read back and uninstalled by the helm binary."""

import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox.plugins import patience
from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties
from sandbox.plugins.kubernetes.client import Cluster, Place
from sandbox.plugins.kubernetes.helm import HelmError
from sandbox.plugins.values import dumps, holds_unknown

_TIMEOUT_SECONDS = 300
_EXACT = r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?"
# Left behind by a run that was killed or interrupted, and recorded by nobody.
_UNFINISHED = ("pending-install", "failed", "uninstalling")
_PENDING = ("pending-upgrade", "pending-rollback")


SDK_MARK = "compat"
"""What the SDK sends with every release, the same each time, and declares nowhere."""
_DESTRUCTIVE = {
    "atomic": "a release that deletes what it made when its pods are late is refused",
    "cleanupOnFail": "a release that deletes what a failed upgrade made is refused",
    "forceUpdate": "a release that deletes and makes anew what it can't change is refused",
    "recreatePods": "a release that restarts all pods at once is refused",
}


def _same_values(old: Any, new: Any) -> bool:
    """Exactly: to a chart, false and absent are two things, and so are null and absent."""
    return dumps(old or {}) == dumps(new or {})


class Release(Kind[Cluster]):
    """Values replace those of before whole. A version is pinned: a chart's directory pins it by itself."""

    properties = properties(
        Property(name="name", immutable=True, autonamed=True),
        Property(name="namespace", immutable=True),
        Property(name="chart"),
        Property(name="version", computed=True),
        Property(name="values", same=_same_values),
        Property(name="repositoryOpts", own=True, nested={"repo": "repo", "caFile": "caFile"}),
        Property(name="createNamespace", own=True),
        Property(name="skipAwait", own=True),
        Property(name="waitForJobs", own=True),
        Property(name="skipCrds", own=True),
        Property(name="timeout", own=True),
        Property(name="maxHistory", own=True),
        Property(name="description", own=True),
        Property(name="atomic", own=True),
        Property(name="cleanupOnFail", own=True),
        Property(name="forceUpdate", own=True),
        Property(name="recreatePods", own=True),
        Property(name=SDK_MARK, own=True),
        Property(name="status", output=True, volatile=True),
    )

    def checked(
        self, client: Cluster, inputs: Values, olds: Values, own_name: Callable[[int], str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Name it, pin its version, refuse what the stand-in can't do."""
        named, _ = super().checked(client, inputs, olds, own_name)
        named["namespace"] = named.get("namespace") or client.namespace
        wrong = {name: why for name, why in _DESTRUCTIVE.items() if named.get(name)}
        if holds_unknown([named.get("chart"), named.get("version")]):
            return named, wrong
        lying = _lying_version(str(named.get("chart")))
        if lying is None:
            wrong |= _unpinned(named)
        elif named.setdefault("version", lying) != lying:
            wrong["version"] = f"chart {named['chart']} is {lying}, not {named['version']}"
        return named, wrong

    def create(self, client: Cluster, inputs: Values) -> Made:
        """Install it; what a killed run left of it is cleared away first."""
        namespace, name = inputs["namespace"], inputs["name"]
        found = client.helm.found(namespace, name)
        if found is not None:
            status, revision = found["info"]["status"], found["version"]
            if status not in _UNFINISHED or revision != 1:
                raise RefusedError(
                    f"release {namespace}/{name} is there already ({status}): import it, or `helm uninstall` it"
                )
            self.delete(client, f"{namespace}/{name}", {**inputs, "skipAwait": False})
        more = ("--create-namespace",) if inputs.get("createNamespace") else ()
        self._run(client, "install", inputs, more)
        return Made(identity=f"{namespace}/{name}", state=self._now(client, inputs))

    def read(self, client: Cluster, identity: str, state: Values) -> Values | None:
        """Read it: status, chart, version and values."""
        namespace, _, name = identity.rpartition("/")
        found = client.helm.found(namespace, name)
        if found is None:
            return None
        metadata, values = found["metadata"], found.get("config") or {}
        given = state.get("values")
        known = {
            **self.kept(state, believed_only=True),
            "name": name,
            "namespace": namespace,
            "chart": state.get("chart") or metadata["chart"],
            "version": metadata["version"],
            # Helm may keep a null, or what it did.
            "values": given
            if _same_values(_without_nulls(given), _without_nulls(values))
            else values,
            "status": {
                "appVersion": metadata.get("appVersion"),
                "chart": metadata["chart"],
                "name": name,
                "namespace": namespace,
                "revision": found["version"],
                "status": found["info"]["status"],
                "version": metadata["version"],
            },
        }
        if metadata["chart"] != (state.get("status") or {}).get("chart", metadata["chart"]):
            known["chart"] = metadata["chart"]
        return {name: value for name, value in known.items() if value is not None}

    def update(self, client: Cluster, identity: str, state: Values, inputs: Values) -> Values:
        """Upgrade it; an upgrade that was killed is forgotten first."""
        del state
        namespace, name = inputs["namespace"], inputs["name"]
        found = client.helm.found(namespace, name)
        if found is None:
            raise RefusedError(
                f"release {identity} is gone: run `pulumi refresh` and then `pulumi up`"
            )
        if found["info"]["status"] in _PENDING:
            record = f"sh.helm.release.v1.{name}.v{found['version']}"
            place = Place(api_version="v1", kind="Secret", namespace=namespace, name=record)
            client.delete(place, "Background")
        keep = inputs.get("maxHistory")
        more = ("--reset-values", *(() if keep is None else ("--history-max", str(keep))))
        self._run(client, "upgrade", inputs, more)
        return self._now(client, inputs)

    def delete(self, client: Cluster, identity: str, state: Values) -> None:
        """Uninstall it. Helm leaves volume claims that pods' templates made."""
        namespace, _, name = identity.rpartition("/")
        seconds = _seconds(state)
        wait = () if state.get("skipAwait") else ("--wait", "--timeout", f"{seconds:.0f}s")
        more = ("--ignore-not-found", *wait)
        client.helm.run("uninstall", name, namespace=namespace, more=more, seconds=seconds)

    def _run(self, client: Cluster, command: str, inputs: Values, more: tuple[str, ...]) -> None:
        namespace, name, seconds = inputs["namespace"], inputs["name"], _seconds(inputs)
        options = [*more, "--timeout", f"{seconds:.0f}s"]
        chart = str(inputs["chart"])
        if _lying_version(chart) is None:
            repository = inputs.get("repositoryOpts") or {}
            options += ["--version", str(inputs["version"])]
            options += ["--repo", repository["repo"]] if repository.get("repo") else []
            options += ["--ca-file", repository["caFile"]] if repository.get("caFile") else []
        if not inputs.get("skipAwait"):
            options += ["--wait", *(["--wait-for-jobs"] if inputs.get("waitForJobs") else [])]
        options += ["--skip-crds"] if inputs.get("skipCrds") else []
        options += ["--description", inputs["description"]] if inputs.get("description") else []
        try:
            client.helm.run(
                command, name, namespace=namespace, more=(chart, *options),
                values=inputs.get("values") or {}, seconds=seconds,
            )  # fmt: skip
        except HelmError as error:
            # Helm keeps a record of what failed, and so must the state.
            if client.helm.found(namespace, name) is None:
                raise
            raise IncompleteError(f"{namespace}/{name}", self._now(client, inputs), error) from None

    def _now(self, client: Cluster, inputs: Values) -> dict[str, Any]:
        found = self.read(client, f"{inputs['namespace']}/{inputs['name']}", inputs) or {}
        return {**inputs, **found}


def _unpinned(inputs: Values) -> dict[str, str]:
    """Say what a chart that doesn't lie on this machine lacks: a place, or one version."""
    chart = str(inputs.get("chart"))
    if not chart.startswith("oci://") and not (inputs.get("repositoryOpts") or {}).get("repo"):
        return {
            "chart": f"{chart} is no chart on this machine: give repositoryOpts.repo, or oci://"
        }
    if not re.fullmatch(_EXACT, str(inputs.get("version"))):
        return {"version": "a chart out of a repository needs its exact version"}
    return {}


def _seconds(inputs: Values) -> float:
    return float(patience.asked() or inputs.get("timeout") or _TIMEOUT_SECONDS)


def _lying_version(chart: str) -> str | None:
    """Give the version of a chart that lies on this machine, as directory or archive; None if it doesn't."""
    path = Path(chart)
    try:
        if path.is_dir():
            text = (path / "Chart.yaml").read_bytes()
        elif path.is_file():
            with tarfile.open(path) as archive:
                [member] = [
                    each for each in archive.getnames() if re.fullmatch(r"[^/]+/Chart\.yaml", each)
                ]
                file = archive.extractfile(member)
                text = file.read() if file else b""
        else:
            return None
        return str(yaml.safe_load(text)["version"])
    except (OSError, ValueError, KeyError, TypeError, tarfile.TarError, yaml.YAMLError):
        raise RefusedError(
            f"{chart} is no Helm chart: it has no Chart.yaml with a version"
        ) from None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return value
