"""`python -m ops diagram` and docs/diagrams.md: what a stack consists of and what waits for what, as Mermaid.

A box is a component, with everything inside it; a component that holds others is a frame around them. Both are made of
resources alone: those of a state, or those that the program declares under Pulumi's mock engine.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.stack import STACK, Resource

PAGE = Path("docs/diagrams.md")
STACKS = {
    "local": "One machine: servers as processes, an AWS emulator",
    "cluster": "A throw-away Kubernetes cluster: servers as pods, an AWS emulator",
    "dev": "AWS and EKS",
    "prod": "Alibaba Cloud and ACK",
}
"""The stacks of the checkout, with what each shows."""

_EACH = {
    "strongroom:access:OtherCluster": "other clusters",
    "strongroom:cloud:ApplicationCredential": "services' credentials",
    "strongroom:cloud:PodRole": "services' pod roles",
    "strongroom:cloud:PrivateBucket": "services' buckets",
    "strongroom:workload:Workload": "services in pods",
}
"""Components of which there may be a thousand: those with the same parent are one box."""

_PROVIDERS = "pulumi:providers:"
HEAD = """\
# Diagrams

Made of the program's own graph: written by `python -m ops schema` from what `__main__.py` declares in each stack of
this checkout. For a stack of yours, from its state:

    python -m ops diagram --stack dev

A box is a component (`components/`) with all that it makes; a frame is a component that holds others. An arrow leads
to what waits: solid, because it is given something; dashed, because it is made through that, as all in Vault is made
by the limited account of `bootstrap`. Arrows that others imply are left out. What is made for each service is one box.
GitHub and GitLab draw them; the site, which loads nothing from elsewhere, shows their text.

"""


def write(root: Path) -> list[Path]:
    """Write docs/diagrams.md if it differs; give its path if so."""
    text = page(root)
    file = root / PAGE
    if file.exists() and file.read_text() == text:
        return []
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return [PAGE]


def page(root: Path) -> str:
    """Give docs/diagrams.md, whole.

    Raises:
        StackError: if the program can't declare one of the stacks.

    """
    from ops.declared import declared  # noqa: PLC0415  who asks for a state needs no program

    return HEAD + "\n".join(section(stack, declared(root, stack)) for stack in STACKS)


def section(stack: str, resources: Sequence[Resource]) -> str:
    """Give the page's part on one stack."""
    return f"## {stack}\n\n{STACKS[stack]}.\n\n```mermaid\n{diagram(resources)}```\n"


@dataclass(frozen=True, order=True, kw_only=True)
class _Box:
    frame: str
    """The component around it; empty at the top."""
    title: str
    kind: str

    @property
    def id(self) -> str:
        return "_".join(
            "".join(sign if sign.isalnum() else "_" for sign in part)
            for part in (self.frame, self.title, self.kind)
            if part
        )

    @property
    def line(self) -> str:
        return f'{self.id}["<b>{self.title}</b><br/>{self.kind}"]'


def diagram(resources: Sequence[Resource]) -> str:
    """Give the graph of one stack as a Mermaid flowchart."""
    boxes = _boxes(resources)
    shown = sorted({*boxes.values()})
    lines = ["flowchart LR"]
    for frame in sorted({box.frame for box in shown}):
        inside = [box.line for box in shown if box.frame == frame]
        if frame:
            lines += [f'    subgraph {frame}["{frame}"]', *(f"        {each}" for each in inside)]
            lines.append("    end")
        else:
            lines += [f"    {each}" for each in inside]
    lines += [
        f"    {before.id} {arrow} {after.id}" for before, after, arrow in _arrows(resources, boxes)
    ]
    return "\n".join(lines) + "\n"


def _boxes(resources: Sequence[Resource]) -> dict[str, _Box]:
    """Say in which box each resource is, by its URN. Components that make nothing are in none."""
    known = {each.urn: each for each in resources if each.type != STACK}
    chains = {urn: _chain(each, known) for urn, each in known.items() if _is_shown(each)}
    # A component that holds components is a frame.
    frames = {chain[0].urn for chain in chains.values() if len(chain) > 2}  # noqa: PLR2004  frame, box, resource
    boxes = {}
    for urn, (top, *inner) in chains.items():
        # What a frame makes besides is a box called like it.
        framed = top.urn in frames
        boxed = inner[0] if framed and len(inner) > 1 else top
        frame = _name(top) if framed else ""
        boxes[urn] = _Box(frame=frame, title=_title(boxed, frame), kind=_kind(boxed))
    return boxes


def _is_shown(each: Resource) -> bool:
    """Components are shown by what they make, and the engine's own providers are nobody's."""
    component = each.type.startswith("strongroom:")
    return not component and not (
        each.type.startswith(_PROVIDERS) and _name(each).startswith("default")
    )


def _chain(each: Resource, known: Mapping[str, Resource]) -> list[Resource]:
    """Give the resource and what is around it, outermost first."""
    chain = [each]
    while (around := known.get(chain[0].parent)) is not None:
        chain.insert(0, around)
    return chain


def _name(each: Resource) -> str:
    return each.urn.split("::")[-1]


def _title(boxed: Resource, frame: str) -> str:
    return _EACH.get(boxed.type) or _name(boxed).removeprefix(f"{frame}-")


def _kind(boxed: Resource) -> str:
    if boxed.type.startswith(_PROVIDERS):
        return f"{boxed.type.removeprefix(_PROVIDERS)} provider"
    return boxed.type.split(":")[-1]


def _arrows(
    resources: Iterable[Resource], boxes: Mapping[str, _Box]
) -> Iterator[tuple[_Box, _Box, str]]:
    """Give what leads where, less what follows from the rest."""
    through, given = set(), set()
    for each in resources:
        after = boxes.get(each.urn)
        if after is None:
            continue
        provider = each.provider.rpartition("::")[0]
        through.add((boxes.get(provider), after))
        given |= {(boxes.get(urn), after) for urn in each.dependencies}
    found = {
        (before, after)
        for before, after in through | given
        if before is not None and before != after
    }
    for before, after in _reduced(found):
        yield before, after, "-->" if (before, after) in given else "-.->"


def _reduced(edges: set[tuple[_Box, _Box]]) -> list[tuple[_Box, _Box]]:
    """Take away each edge whose end is reached without it."""
    kept = set(edges)
    for edge in sorted(edges):
        if edge[1] in _reached(edge[0], kept - {edge}):
            kept.remove(edge)
    return sorted(kept)


def _reached(start: _Box, edges: set[tuple[_Box, _Box]]) -> set[_Box]:
    found, new = set(), {start}
    while new:
        found |= new
        new = {after for before, after in edges if before in new} - found
    return found
