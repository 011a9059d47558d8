"""Every code block of README.md and docs/, fenced or indented, with its place and its mark.

A mark is an HTML comment before the block, which no reader sees: `<!-- needs: cloud -->`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

CHECKOUT = Path(__file__).parents[2]
_MARK = re.compile(r"<!--\s*needs:\s*(.+?)\s*-->\s*")
_LANGUAGES = {
    "yml": "yaml", "bash": "shell", "sh": "shell", "console": "shell", "jsonc": "json", "": "",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Block:
    """What stands together, without empty lines where no fence says where it ends."""

    file: str
    line: int
    language: str
    """yaml, json, hcl, shell, mermaid or text."""
    text: str
    mark: str | None

    @property
    def place(self) -> str:
        """Give `README.md:15`."""
        return f"{self.file}:{self.line}"


def files() -> list[Path]:
    """Give the pages."""
    return [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]


def blocks(*languages: str) -> list[Block]:
    """Give every block of these languages."""
    return [block for block in every() if block.language in languages]


@cache
def every() -> tuple[Block, ...]:
    """Give every block of every page."""
    return tuple(
        block
        for file in files()
        for block in of_page(str(file.relative_to(CHECKOUT)), file.read_text())
    )


def of_page(name: str, text: str) -> Iterator[Block]:
    """Give the blocks of one page."""
    tokens = MarkdownIt().parse(text)
    for index, token in enumerate(tokens):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        fenced = token.type == "fence"
        first = token.map[0] + (2 if fenced else 1)
        info = token.info.split()[0] if token.info.strip() else ""
        said = _LANGUAGES.get(info, info)
        parts = [(first, token.content)] if said else list(_parts(first, token.content))
        for line, part in parts:
            yield Block(
                file=name,
                line=line,
                language=said or _guessed(part),
                text=part,
                mark=_mark(tokens[:index]),
            )


def _mark(before: Sequence[Token]) -> str | None:
    if not before or before[-1].type != "html_block":
        return None
    found = _MARK.fullmatch(before[-1].content)
    return found.group(1) if found else None


def _parts(first: int, text: str) -> Iterator[tuple[int, str]]:
    """Split at empty lines, but for those within something indented or bracketed."""
    part: list[str] = []
    began = first
    empty = False
    for number, line in enumerate(text.splitlines(), first):
        if part and empty and line.strip() and not line.startswith((" ", "}", "]")):
            yield began, "\n".join(part).strip("\n") + "\n"
            part = []
        if not part:
            began = number
        empty = not line.strip()
        if part or not empty:
            part.append(line)
    if part:
        yield began, "\n".join(part).strip("\n") + "\n"


def _guessed(text: str) -> str:
    first = next(line for line in text.splitlines() if line.strip())
    if first.startswith(("{", "[")):
        return "json"
    if re.match(r'path "', first):
        return "hcl"
    return "yaml" if re.match(r"[A-Za-z][\w.:/-]*:(\s|$)", first) else "shell"
