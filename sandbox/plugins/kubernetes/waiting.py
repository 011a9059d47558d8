"""Waits, until something is as it should be, the patience is at its end, or somebody presses Ctrl-C."""

import time
from collections.abc import Callable

from sandbox.plugins import patience
from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values
from sandbox.plugins.kubernetes.client import Cluster, NoSuchKindError, NotThereError, Place
from sandbox.plugins.kubernetes.ready import NO_PODS, Ready

_TIMEOUT_SECONDS = 600.0
_SETTLED_SECONDS = 10.0
_FIRST_PAUSE_SECONDS, _PAUSE_SECONDS = 0.1, 1.0
_APPEARANCE_SECONDS = 30.0


class NotReadyError(RefusedError):
    """The object is there and not ready; `live` is how it was seen last."""

    def __init__(self, wrong: str, live: Values) -> None:
        self.live = live
        super().__init__(wrong)


class _Patience:
    def __init__(self, cluster: Cluster, limit: float) -> None:
        self._cluster, self._limit = cluster, limit
        self._began = time.monotonic()
        self._pause = _FIRST_PAUSE_SECONDS

    @property
    def spent(self) -> float:
        return time.monotonic() - self._began

    def pause(self, missing: str) -> None:
        """Wait a little, or raise RefusedError with what is missing."""
        if self.spent >= self._limit:
            raise RefusedError(f"{missing} (after {self._limit:.0f} s)")
        if self._cluster.cancelled.wait(self._pause):
            raise RefusedError(f"{missing} (cancelled)")
        self._pause = min(self._pause * 1.5, _PAUSE_SECONDS)


def seconds(inputs: Values) -> float:
    """Give the patience with one object: `customTimeouts`, else its annotation, else ten minutes."""
    annotations = (inputs.get("metadata") or {}).get("annotations") or {}
    try:
        annotated = float(annotations.get("pulumi.com/timeoutSeconds") or 0)
    except ValueError:
        annotated = 0.0
    return patience.asked() or annotated or _TIMEOUT_SECONDS


def until_ready(cluster: Cluster, place: Place, live: Values, ready: Ready, limit: float) -> Values:
    """Give the object once it is ready.

    Raises:
        NotReadyError: if it never will be or isn't in time; it says what is missing.

    """
    left = _Patience(cluster, limit)
    try:
        while missing := ready(cluster, live):
            if missing == NO_PODS and left.spent > _SETTLED_SECONDS:
                break
            left.pause(missing)
            live = _still_there(cluster, place)
    except RefusedError as error:
        raise NotReadyError(f"{place} is there but not ready: {error}", live) from None
    return live


def _still_there(cluster: Cluster, place: Place) -> Values:
    found = cluster.get(place)
    if found is None:
        raise RefusedError("it is gone")
    return found


def until_gone(cluster: Cluster, place: Place, uid: str, limit: float) -> None:
    """Wait for the end of the object with this uid.

    Raises:
        RefusedError: if it stays; it says what keeps it.

    """
    left = _Patience(cluster, limit)
    while found := cluster.get(place):
        if uid and found["metadata"]["uid"] != uid:
            return
        left.pause(f"{place} is not gone yet{_keeper(found)}")


def until_possible(cluster: Cluster, make: Callable[[], Values]) -> Values:
    """Make what needs a namespace or a kind that may be on its way, as the official plugin does.

    Raises:
        RefusedError: if that doesn't come within half a minute.

    """
    left = _Patience(cluster, _APPEARANCE_SECONDS)
    while True:
        try:
            return make()
        except (NoSuchKindError, NotThereError) as error:
            left.pause(str(error))


def _keeper(found: Values) -> str:
    conditions = (found.get("status") or {}).get("conditions") or ()
    left = [
        str(each.get("message"))
        for each in conditions
        if str(each.get("type", "")).startswith("Namespace") and each.get("status") == "True"
    ]
    finalizers = (found.get("metadata") or {}).get("finalizers") or ()
    kept = [f"finalizer {each}" for each in finalizers]
    return ": " + "; ".join([*left, *kept]) if left or kept else ""
