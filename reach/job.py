"""A Job that runs once for us: made, awaited and deleted again."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from reach.errors import ReachError
from reach.pods import asked, core, one_line, sought, why_waiting

if TYPE_CHECKING:
    from kubernetes.client import BatchV1Api, V1Pod

_POLL_SECONDS = 0.5
_GONE_SECONDS = 60.0


def run_job(context: str | None, manifest: Mapping[str, Any], patience: float) -> str | None:
    """Run the Job to its end; give None if it succeeded, else the termination message of its only pod.

    Its name is its own: one that an earlier run left is deleted first, and this one afterwards, whatever happens.
    (A run that is killed leaves it to `activeDeadlineSeconds` and `ttlSecondsAfterFinished`.)

    Raises:
        ReachError: if the API server refuses, or the pod has not ended after `patience` seconds.

    """
    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    with _made(context, manifest):
        end = time.monotonic() + patience
        while True:
            pod = _pod(context, namespace, name)
            if pod is not None and pod.status.phase == "Succeeded":
                return None
            if pod is not None and pod.status.phase == "Failed":
                return _said(pod)
            if time.monotonic() > end:
                why = "it has no pod" if pod is None else why_waiting(pod) or "its pod still runs"
                raise ReachError(
                    f"Job {namespace}/{name} has not ended after {patience:.0f} s: {why}; see that such a pod can"
                    " start there (image, quotas, room on the nodes), then run again"
                )
            time.sleep(_POLL_SECONDS)


@contextmanager
def _made(context: str | None, manifest: Mapping[str, Any]) -> Iterator[None]:
    from kubernetes import client  # noqa: PLC0415  slow to import

    batch = client.BatchV1Api(core(context).api_client)
    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    what = f"Job {namespace}/{name}"
    _delete(batch, namespace, name)
    end = time.monotonic() + _GONE_SECONDS
    while sought(what, lambda: batch.read_namespaced_job(name, namespace)) is not None:
        if time.monotonic() > end:
            raise ReachError(f"an earlier {what} is not deleted; delete it, then run again")
        time.sleep(_POLL_SECONDS)
    asked(f"making {what}", lambda: batch.create_namespaced_job(namespace, dict(manifest)))
    try:
        yield
    finally:
        # It ends and goes by itself, too.
        with suppress(ReachError):
            _delete(batch, namespace, name)


def _delete(batch: "BatchV1Api", namespace: str, name: str) -> None:
    # Foreground: gone once its pod is, so that none of an earlier run is taken for ours.
    sought(
        f"deleting Job {namespace}/{name}",
        lambda: batch.delete_namespaced_job(name, namespace, propagation_policy="Foreground"),
    )


def _pod(context: str | None, namespace: str, name: str) -> "V1Pod | None":
    found = asked(
        f"the pods of Job {namespace}/{name}",
        lambda: core(context).list_namespaced_pod(
            namespace, label_selector=f"batch.kubernetes.io/job-name={name}"
        ),
    ).items
    return found[0] if found else None


def _said(pod: "V1Pod") -> str:
    for status in pod.status.container_statuses or []:
        if ended := status.state.terminated:
            return one_line(ended.message) or f"{ended.reason} ({ended.exit_code})"
    return one_line(pod.status.message) or pod.status.reason or "it failed"
