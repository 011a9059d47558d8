"""A bootstrap of pods, killed (SIGKILL): in the real engine as it begins, then by itself at any step.

The first run in the engine leaves what the resource was given; from there each further run needs no engine.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from acl.account import Shape
from components import bootstrap
from components.server.address import reached_cluster
from custody.request import Request
from tests.e2e.kubernetes.scratch import ClusterScratch
from tests.real.killed import killed_at, killing_step

Properties = dict[str, Any]

# Appended to the copy's components/bootstrap.py, whose class the engine's dynamic provider imports.
_DIES_AS_IT_BEGINS = """

def _dying(create):
    def begun(self, props):
        import os, pickle, signal
        file = {file!r}
        if not os.path.exists(file):
            with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as left:
                pickle.dump(props, left)
            os.kill(os.getpid(), signal.SIGKILL)
        return create(self, props)
    return begun


BootstrapProvider.create = _dying(BootstrapProvider.create)
"""


def left_by_a_killed_up(scratch: ClusterScratch) -> Properties:
    """Run `up`, whose bootstrap is killed as it begins; give what it was told."""
    module = scratch.path / "components" / "bootstrap.py"
    whole = module.read_text()
    file = scratch.path / "bootstrap.pickle"
    module.write_text(whole + _DIES_AS_IT_BEGINS.format(file=str(file)))
    try:
        ran = scratch.sandbox("up")
        assert ran.code != 0, ran.output
        left: Properties = pickle.loads(file.read_bytes())  # noqa: S301  our own of a moment ago
    finally:
        module.write_text(whole)
        file.unlink(missing_ok=True)
    return left


def create_killed(properties: Properties, point: str) -> str:
    """Create the resource as the dynamic provider does, and be killed at the point; give what was said."""
    return killed_at(point, _create, properties)


def _create(point: str, properties: Properties) -> None:
    vars(bootstrap)["progress"] = lambda _name: killing_step(point)
    bootstrap.BootstrapProvider().create(properties)


@contextmanager
def request_of(properties: Properties) -> Iterator[Request]:
    """Give the bootstrap's request, for as long as its pods are reached."""
    shape = Shape.from_document(properties["shape"])
    with reached_cluster(properties) as cluster:
        yield bootstrap._request(properties, shape, cluster)
