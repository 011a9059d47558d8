"""Where a pipeline runs, and so where comment and issue go."""

from collections.abc import Mapping
from typing import Protocol

from ops.ci.errors import PipelineError


class Forge(Protocol):
    """GitHub, GitLab: what holds a marker is ours if we wrote it. Anybody can copy a marker, and edit what is his."""

    def comment(self, marker: str, body: str) -> str:
        """Write the comment of this pipeline's pull request, in place of the one before; give its address."""

    def issue(self, marker: str, title: str, body: str, *, wanted: bool) -> str | None:
        """Open the issue, write it anew, or close it if it isn't wanted; give its address, None if there is none."""


def here(environment: Mapping[str, str]) -> Forge:
    """Give the forge whose pipeline this process runs in.

    Raises:
        PipelineError: if it is none that is known, or lacks what is needed to write there.

    """
    if environment.get("GITHUB_ACTIONS") == "true":
        from ops.ci.github import GitHub  # noqa: PLC0415

        return GitHub.of(environment)
    if environment.get("GITLAB_CI") == "true":
        from ops.ci.gitlab import GitLab  # noqa: PLC0415

        return GitLab.of(environment)
    raise PipelineError(
        "this is no pipeline of GitHub or GitLab; leave out --post, and it is printed"
    )


def needed(environment: Mapping[str, str], name: str, cure: str) -> str:
    """Give a variable.

    Raises:
        PipelineError: if there is none.

    """
    value = environment.get(name)
    if not value:
        raise PipelineError(f"{name} is not set; {cure}")
    return value
