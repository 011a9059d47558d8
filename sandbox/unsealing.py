"""Servers with Shamir's seal in an embedded environment: what a person does elsewhere with `ops unseal [--watch]`."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ops.part import part_of
from ops.stack import OWNED
from sandbox.layout import Layout
from settings.stack import of_file

if TYPE_CHECKING:
    from ops.unseal import Located

Say = Callable[[str], None]

_SECONDS = 60.0
"""For all of them: those that join wait for the one that leads."""


class Unsealing:
    """Custody's keys for the servers of one environment: as long as its state says that it owns such servers."""

    def __init__(self, layout: Layout, environment: Mapping[str, str]) -> None:
        self._layout = layout
        self._owned = owned(layout)
        self._environment = environment
        """As whom custody is reached."""

    @property
    def is_the_bootstrap_s(self) -> bool:
        """Whether keys unseal these servers, and nobody owns them yet: it unseals them as it goes on."""
        return seal_of(self._layout).get("kind") == "shamir" and self._owned is None

    def once(self, say: Say) -> None:
        """Unseal what is sealed, and wait until all are unsealed; say which were not.

        Raises:
            CustodyError: if one stays sealed, or there is no way to it.

        """
        if self._owned is None:
            return
        from custody.store import custody_at  # noqa: PLC0415  hvac is slow to import
        from custody.unseal import unseal_all  # noqa: PLC0415  as above
        from custody.vault import Cluster  # noqa: PLC0415  as above

        with self._reached(self._owned, say) as at:
            cluster = Cluster(at.cluster)
            sealed = [each.url for each in cluster.members() if each is not None and each.sealed]
            unseal_all(cluster, custody_at(at.place), _SECONDS)
            for url in sealed:
                say(f"{at.named(url)} was sealed and is unsealed")

    @contextmanager
    def watching(self, say: Say) -> Iterator[None]:
        """Keep them unsealed meanwhile: whoever changes their configuration starts them anew one by one."""
        if self._owned is None:
            yield
            return
        from custody.watch import Watch  # noqa: PLC0415  as above

        with self._reached(self._owned, say) as at:
            watch = Watch(at.cluster, at.place, lambda line: say(at.named(line)))
            watch.start()
            try:
                yield
            finally:
                watch.end()

    @contextmanager
    def _reached(self, props: Mapping[str, Any], say: Say) -> Iterator["Located"]:
        from ops.unseal import reached  # noqa: PLC0415  as above

        with reached(props, say) as at, _as_person(self._environment):
            yield at


def seal_of(layout: Layout) -> dict[str, Any]:
    """Give what the settings say of the seal; nothing where it is the cloud's own."""
    return part_of(of_file(layout.checkout, layout.stack, layout.settings), "seal")


def owned(layout: Layout) -> dict[str, Any] | None:
    """Give what the state says of servers that custody's keys unseal; None where there are none, or not yet."""
    for each in layout.resources():
        outputs: dict[str, Any] = each.get("outputs") or {}
        if each["type"] == OWNED and outputs.get("seal") == "shamir":
            return outputs
    return None


@contextmanager
def _as_person(environment: Mapping[str, str]) -> Iterator[None]:
    """Have this process be whoever sources the environment's file: AWS's SDK looks nowhere else."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    own = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    try:
        _replace(own)
        yield
    finally:
        _replace(before)


def _replace(variables: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)
