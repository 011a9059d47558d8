"""`python -m ops roll`: pods that run an older revision are replaced one by one, the leader last.

The chart's StatefulSet updates OnDelete: a changed chart, image or configuration restarts nothing by itself. What
is outdated is read off the cluster each time, so a roll that was interrupted goes on where it stopped.
"""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.server.address import reached_cluster
from custody.errors import CustodyError, RefusedError
from custody.request import place_of
from custody.root import minted
from custody.secret import Secret
from custody.vault import Cluster, ask
from ops.snapshot import SnapshotError, take
from ops.stack import OWNED, RELEASE, resources, the_only
from reach.pods import CONTAINER, Pods, asked, core, sought, wait_until_running

if TYPE_CHECKING:
    from kubernetes.client import V1Pod, V1StatefulSet

_REVISION = "controller-revision-hash"
_RAFT = "raft"
_MEMBER_SECONDS = 300.0
_POLL_SECONDS = 0.5

Say = Callable[[str], None]
Minted = Callable[[], AbstractContextManager[Secret]]


class RollError(Exception):
    """Rolling would lose quorum or data, or a pod doesn't come back; one line with what to do."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One server as its pod and itself see it."""

    name: str
    url: str
    outdated: bool
    answers: bool
    sealed: bool
    waits: bool
    """Sealed until it is given keys of its former seal."""
    leads: bool
    version: str | None
    applied: int | None
    """Raft's last applied index; None where a database holds the data, which no server has to catch up with."""


def roll(stack: str | None, say: Say) -> int:
    """Roll the servers of a stack; give how many pods were replaced.

    Raises:
        StackError: if the state doesn't say where the cluster is, or its servers are no pods.
        RollError, ReachError, CustodyError, SnapshotError: see `Roll.run`.

    """
    found = resources(stack)
    owned, release = the_only(found, OWNED), the_only(found, RELEASE)
    custody = place_of(owned.outputs["custody"])
    with reached_cluster(owned.outputs) as address:
        return Roll(
            Pods.from_document(owned.outputs["reach"]),
            str(release.outputs["name"]),
            Cluster(address),
            lambda: minted(address, custody),
            Path(owned.outputs["directory"]) / "snapshots",
            say,
        ).run()


class Roll:
    """One roll over one cluster. `minted` gives a root token for one step: snapshot or step-down."""

    def __init__(
        self, pods: Pods, release: str, cluster: Cluster, minted: Minted, directory: Path, say: Say
    ) -> None:
        self._pods = pods
        self._release = release
        self._cluster = cluster
        self._minted = minted
        self._directory = directory
        self._say = say

    def run(self) -> int:
        """Replace every outdated pod; give how many were.

        Raises:
            RollError, ReachError, CustodyError, SnapshotError: see each; whatever was done stays done.

        """
        nodes = self._look()
        outdated = [node for node in nodes if node.outdated]
        if not outdated:
            self._say("every pod runs the declared revision: nothing to roll")
            return 0
        self._refuse_downgrade(nodes)
        self._say(f"to replace: {', '.join(node.name for node in outdated)}")
        raft = any(node.applied is not None for node in nodes)
        if self._version_changes(nodes):
            if raft:
                self._snapshot()
            else:
                self._say(
                    "the version changes: a database has no snapshots; it is yours to have a backup of"
                )
        if len(nodes) > 1 and raft:
            self._write()
            self._until_reached([node.name for node in nodes if not node.sealed])
        # The leader last; a pod that is down anyway first.
        for node in sorted(outdated, key=lambda each: (each.leads, each.answers, each.name)):
            self._replace(node.name)
        self._say(f"rolled: {len(outdated)} of {len(nodes)} pods")
        return len(outdated)

    # --- what is there ---

    def _look(self) -> list[Node]:
        core_client = core(self._pods.context)
        update = self._stateful_set().status.update_revision
        nodes = []
        for name, url in zip(self._pods.names, self._cluster.address.members, strict=True):
            pod: V1Pod = asked(
                f"pod {name}",
                partial(core_client.read_namespaced_pod, name, self._pods.namespace),
            )
            nodes.append(self._node(name, url, pod.metadata.labels.get(_REVISION) != update))
        return nodes

    def _stateful_set(self) -> "V1StatefulSet":
        from kubernetes import client  # noqa: PLC0415

        apps = client.AppsV1Api(core(self._pods.context).api_client)
        return asked(
            f"StatefulSet {self._pods.namespace}/{self._release}",
            lambda: apps.read_namespaced_stateful_set(self._release, self._pods.namespace),
        )

    def _node(self, name: str, url: str, outdated: bool) -> Node:
        client = self._cluster.client(url)
        status: dict[str, Any] = {}
        leader: dict[str, Any] = {}
        with suppress(CustodyError):
            try:
                status = ask(url, "seal status", client.sys.read_seal_status)
            except RefusedError:
                # One that has been given the keys of its former seal can't answer until another leads.
                leader = ask(url, "leader", client.sys.read_leader_status)
                status = {"sealed": not leader.get("leader_address")}
            else:
                if not status["sealed"]:
                    leader = ask(url, "leader", client.sys.read_leader_status)
        raft = status.get("storage_type", _RAFT) == _RAFT
        return Node(
            name=name,
            url=url,
            outdated=outdated,
            answers=bool(status),
            sealed=status.get("sealed", True),
            waits=status.get("migration", False),
            leads=leader.get("is_self", False),
            version=status.get("version"),
            applied=leader.get("raft_applied_index", 0) if raft else None,
        )

    # --- versions ---

    def _declared_version(self) -> tuple[int, ...] | None:
        [container] = [
            each
            for each in self._stateful_set().spec.template.spec.containers
            if each.name == CONTAINER
        ]
        return version_of(container.image.rpartition(":")[2])

    def _refuse_downgrade(self, nodes: Sequence[Node]) -> None:
        declared = self._declared_version()
        running = [version for node in nodes if (version := version_of(node.version))]
        if declared and running and declared < max(running):
            raise RollError(
                f"the declared image is version {_shown(declared)}, a pod runs {_shown(max(running))} already: raft"
                " can't be downgraded, nor can a database. Declare that version or a later one; to go back, restore"
                " a snapshot or a backup into a new cluster"
            )

    def _version_changes(self, nodes: Sequence[Node]) -> bool:
        declared = self._declared_version()
        # An image whose tag is no version may be any: then a snapshot as well.
        return declared is None or any(version_of(node.version) != declared for node in nodes)

    def _snapshot(self) -> None:
        self._say("the version changes: taking a snapshot first")
        try:
            with self._minted() as token:
                file = take(self._cluster.active(token), self._directory)
        except SnapshotError as error:
            # Otherwise the cure would want what it cures.
            raise SnapshotError(
                f"{error}. Pods get the seal's new credentials by a roll: until then declare the image that runs"
            ) from None
        self._say(f"snapshot verified: {file}")

    # --- one pod ---

    def _replace(self, name: str) -> None:
        nodes = self._look()
        node = next(each for each in nodes if each.name == name)
        others = [each for each in nodes if each.name != name]
        healthy = [each for each in others if each.answers and not each.sealed]
        quorum = len(nodes) // 2 + 1
        if others and len(healthy) < quorum:
            down = ", ".join(each.name for each in others if each not in healthy)
            raise RollError(
                f"without {name} only {len(healthy)} of {len(nodes)} servers would be unsealed, {quorum} are needed:"
                f" bring back {down} first, then run again"
            )
        if node.leads and others:
            self._step_down(node)
            self._until_reached([each.name for each in healthy])
        self._say(f"replacing {name}")
        started = time.monotonic()
        uid = self._delete(name)
        self._wait_for_new(name, uid)
        wait_until_running(self._pods, self._say, _MEMBER_SECONDS)
        self._wait_until_caught_up(name)
        self._say(f"{name} is unsealed and caught up: {time.monotonic() - started:.0f} s")

    def _step_down(self, leader: Node) -> None:
        self._say(f"{leader.name} leads: it steps down")
        with self._minted() as token:
            client = self._cluster.client(leader.url, token)
            ask(leader.url, "step-down", client.sys.step_down)
            self._until(
                "another server leads",
                lambda: any(each.leads and each.name != leader.name for each in self._look()),
            )
            # Revoking the token is an entry that the new leader writes.

    def _delete(self, name: str) -> str:
        client = core(self._pods.context)
        pod: V1Pod = asked(
            f"pod {name}", lambda: client.read_namespaced_pod(name, self._pods.namespace)
        )
        asked(
            f"deleting pod {name}",
            lambda: client.delete_namespaced_pod(name, self._pods.namespace),
        )
        return str(pod.metadata.uid)

    def _wait_for_new(self, name: str, old: str) -> None:
        client = core(self._pods.context)

        def there() -> bool:
            pod: V1Pod | None = sought(
                f"pod {name}", lambda: client.read_namespaced_pod(name, self._pods.namespace)
            )
            return pod is not None and pod.metadata.uid != old

        self._until(f"pod {name} is made anew", there)

    def _wait_until_caught_up(self, name: str) -> None:
        told = False

        def unsealed() -> bool:
            nonlocal told
            node = next(each for each in self._look() if each.name == name)
            if node.sealed and node.waits and not told:
                told = True
                self._say(
                    f"{name} waits for keys of its former seal, which `python -m ops migrate-seal -- python -m ops"
                    " roll` gives it"
                )
            return node.answers and not node.sealed and not node.outdated

        self._until(f"{name} is unsealed", unsealed)
        self._write()
        self._until_reached([name])

    def _write(self) -> None:
        """Have the leader write something: a token that is made and revoked at once."""
        with self._minted():
            pass

    def _until_reached(self, names: Sequence[str]) -> None:
        """Wait until what the leader wrote last has reached these.

        A server that has been started again has its old index at once. Before the leader has found it, under an
        address that is new, it counts for nothing: with one more down there is no quorum, and nobody leads.
        """
        written: list[int | None] = []

        def reached() -> bool:
            nodes = self._look()
            # Of one moment: under load the leader is always ahead.
            written[:] = written or [each.applied for each in nodes if each.leads]
            return bool(written) and all(
                each.applied is None or written[0] is None or each.applied >= written[0]
                for each in nodes
                if each.name in names
            )

        self._until(f"{', '.join(names)} has caught up with the leader", reached)

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        began = told = time.monotonic()
        while not holds():
            now = time.monotonic()
            if now - began > _MEMBER_SECONDS:
                raise RollError(
                    f"after {_MEMBER_SECONDS:.0f} s it does not hold that {what}; see `kubectl -n"
                    f" {self._pods.namespace} get pods` and the pods' logs, then run again: it goes on from here"
                )
            if now - told > 5:  # noqa: PLR2004  seconds between lines
                told = now
                self._say(f"waiting until {what}")
            time.sleep(_POLL_SECONDS)


def version_of(text: str | None) -> tuple[int, ...] | None:
    """Read `1.19.0`, `v2.6.2`, `1.19.0-ubi`; None for what is no version."""
    matched = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text or "")
    return tuple(int(each) for each in matched.groups()) if matched else None


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
