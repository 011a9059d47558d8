"""From what a stack's state says of its servers to addresses that this process reaches. Plain Python."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from custody.errors import CustodyError
from custody.request import ClusterAddress
from reach.errors import EndsError, ReachError
from reach.pods import Pods, wait_until_running

if TYPE_CHECKING:
    from custody.external import ExternalCluster

_RUNNING_SECONDS = 600.0
"""An image is pulled and volumes are made meanwhile."""


@contextmanager
def reached_cluster(
    props: Mapping[str, Any],
    wait: Callable[[str], None] | None = None,
    explain: Callable[[], None] | None = None,
) -> Iterator[ClusterAddress]:
    """Give addresses that lead to every server for as long as the block runs.

    `props` are the bootstrap's, from the program or the state. Pods are reached through the API server, ready or
    not; with `wait` (it gets a line of progress) this waits until they run. Where a server ends as soon as it has
    begun, `explain` may raise a better reason first.

    Raises:
        CustodyError: if there is no way to them.

    """

    def address(members: tuple[str, ...], generate_root_members: tuple[str, ...]) -> ClusterAddress:
        return ClusterAddress(
            flavour=props["flavour"],
            members=members,
            generate_root_members=generate_root_members,
            ca_certificate=props["ca_certificate"],
        )

    if not props.get("reach"):
        yield address(tuple(props["members"]), tuple(props["generate_root_members"]))
        return
    from reach.forward import reached  # noqa: PLC0415  Kubernetes' client is slow to import

    pods = Pods.from_document(props["reach"])
    with in_custody_s_words():
        if wait is not None:
            _wait(pods, wait, explain)
        with reached(pods) as direct:
            names = dict(zip(direct.members, pods.names, strict=True))
            try:
                yield address(direct.members, direct.generate_root_members)
            except CustodyError as error:
                # A local port of this moment tells nobody which pod it was.
                for url, name in names.items():
                    error.rename(url, f"pod {pods.namespace}/{name}")
                raise


def named(props: Mapping[str, Any], cluster: ClusterAddress) -> Callable[[str], str]:
    """Give what writes pods' names into a text in place of the addresses that lead to them for now."""
    if not props.get("reach"):
        return str
    pods = Pods.from_document(props["reach"])
    names = [
        (url, f"pod {pods.namespace}/{name}")
        for url, name in zip(cluster.members, pods.names, strict=True)
    ]

    def written(text: str) -> str:
        # One's port may begin as another's does.
        for url, name in sorted(names, reverse=True):
            text = text.replace(url, name)
        return text

    return written


def _wait(pods: Pods, say: Callable[[str], None], explain: Callable[[], None] | None) -> None:
    try:
        wait_until_running(pods, say, _RUNNING_SECONDS)
    except EndsError:
        if explain is not None:
            explain()
        raise


def external_cluster(props: Mapping[str, Any]) -> "ExternalCluster":
    """Give what the properties lead to; asks nobody."""
    from custody.external import ExternalAddress, ExternalCluster  # noqa: PLC0415  hvac is slow to import

    return ExternalCluster(
        ExternalAddress(
            flavour=props["flavour"],
            url=props["address"],
            # Pulumi drops what is None.
            ca_certificate=props.get("ca_certificate"),
            namespace=props.get("namespace"),
        )
    )


@contextmanager
def in_custody_s_words() -> Iterator[None]:
    """Raise what goes wrong on the way to the cluster as custody's error."""
    try:
        yield
    except ReachError as error:
        cause, _, cure = str(error).partition("; ")
        raise CustodyError(cause, cure or "run again") from None
