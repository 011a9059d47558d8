"""What differs between the embedded environments: who runs the servers and issues ServiceAccount tokens.

One file a kind, all of one contract; `sandbox/up.py`, `status.py` and `__main__.py` know nothing else of them.
"""

from sandbox.kinds.contract import Kind
from sandbox.layout import Layout
from sandbox.problem import ProblemError

__all__ = ["Kind", "kind_of"]


def kind_of(layout: Layout) -> Kind:
    """Give the kind of the layout's stack.

    Raises:
        ProblemError: if no embedded environment is called so.

    """
    if layout.stack == "local":
        from sandbox.kinds.processes import Processes  # noqa: PLC0415  `cluster` needs none of it

        return Processes(layout)
    if layout.stack == "cluster":
        from sandbox.kinds.pods import ClusterPods  # noqa: PLC0415  Kubernetes' client is slow to import

        return ClusterPods(layout)
    raise ProblemError(
        f"{layout.stack!r} is no embedded environment",
        "write local or cluster; every other stack is plain `pulumi up --stack <name>`",
    )
