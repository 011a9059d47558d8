"""The Dockerfile, read: what its image holds of the checkout and of what is installed here."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """Its instructions, as far as ours uses them."""

    workdir: str
    user: str
    packages: tuple[str, ...]
    """That pip installs."""
    copied: tuple[str, ...]
    """Of the checkout, to the same place below the working directory."""

    @classmethod
    def read(cls, file: Path = CHECKOUT / "Dockerfile") -> "Dockerfile":
        """Read it; an instruction that isn't understood here is an error."""
        workdir, user = "", ""
        packages: list[str] = []
        copied: list[str] = []
        for line in file.read_text().splitlines():
            match line.partition(" "):
                case ("FROM" | "CMD" | "#" | "", _, _):
                    continue
                case ("WORKDIR", _, path):
                    workdir = path
                case ("USER", _, who):
                    user = who
                case ("RUN", _, command):
                    words = shlex.split(command)
                    assert words[:2] == ["pip", "install"], line
                    named = [word for word in words[2:] if re.fullmatch(r"[a-z0-9]+", word)]
                    packages += named
                case ("COPY", _, rest):
                    source, target = rest.split()
                    assert target in ("./", f"./{source}"), line
                    copied.append(source)
                case _:
                    raise AssertionError(f"not understood: {line}")
        return cls(workdir=workdir, user=user, packages=tuple(packages), copied=tuple(copied))

    def files(self) -> Iterator[str]:
        """Give every file that is copied, as git would have it."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "--", *self.copied],
            cwd=CHECKOUT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        yield from listed.stdout.splitlines()

    def distributions(self) -> list[Distribution]:
        """Give what pip would install: the packages, and what they need."""
        found: dict[str, Distribution] = {}
        wanted = [Requirement(each) for each in self.packages]
        while wanted:
            requirement = wanted.pop()
            name = requirement.name.lower()
            if name in found or (
                requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
            ):
                continue
            found[name] = distribution(name)
            wanted += [Requirement(each) for each in found[name].requires or ()]
        return list(found.values())
