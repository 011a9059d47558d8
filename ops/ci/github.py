"""Writes comments and issues on GitHub.

Source: https://docs.github.com/en/rest/issues/comments and https://docs.github.com/en/rest/issues/issues
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.ci.api import Api
from ops.ci.errors import PipelineError
from ops.ci.forge import needed

_ACTIONS = "github-actions[bot]"
_REF = re.compile(r"refs/pull/(\d+)/(merge|head)")


class GitHub:
    """One repository."""

    def __init__(self, api: Api, repository: str, pull_request: int | None) -> None:
        self._api = api
        self._repository = f"/repos/{repository}"
        self._pull_request = pull_request

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "GitHub":
        """Read what a workflow gives: GITHUB_TOKEN by the workflow, all else by the runner.

        Raises:
            PipelineError: if something is missing.

        """
        token = needed(
            environment, "GITHUB_TOKEN", "give the step `env: GITHUB_TOKEN: ${{ github.token }}`"
        )
        repository = needed(environment, "GITHUB_REPOSITORY", "the runner sets it")
        address = environment.get("GITHUB_API_URL") or "https://api.github.com"
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        found = _REF.fullmatch(environment.get("GITHUB_REF", ""))
        return cls(Api(address, headers), repository, int(found[1]) if found else None)

    def comment(self, marker: str, body: str) -> str:
        """Write it in place of the one before, the older of two."""
        if self._pull_request is None:
            raise PipelineError("this workflow runs for no pull request; leave out --post")
        path = f"{self._repository}/issues/{self._pull_request}/comments"
        ours = next(self._ours(path, marker), None)
        if ours is None:
            return str(self._api.ask("POST", path, {"body": body})["html_url"])
        path = f"{self._repository}/issues/comments/{ours['id']}"
        return str(self._api.ask("PATCH", path, {"body": body})["html_url"])

    def issue(self, marker: str, title: str, body: str, *, wanted: bool) -> str | None:
        """Open, write anew or close it."""
        path = f"{self._repository}/issues"
        # The list holds pull requests, too.
        open_ones = self._ours(f"{path}?state=open", marker)
        ours = next((each for each in open_ones if "pull_request" not in each), None)
        content: dict[str, Any] = {"title": title, "body": body}
        if ours is None:
            return str(self._api.ask("POST", path, content)["html_url"]) if wanted else None
        if not wanted:
            content |= {"state": "closed", "state_reason": "completed"}
        return str(self._api.ask("PATCH", f"{path}/{ours['number']}", content)["html_url"])

    def _ours(self, path: str, marker: str) -> Iterator[dict[str, Any]]:
        # A workflow's own token may not ask who it is.
        user = self._api.allowed("/user")
        login = _ACTIONS if user is None else user["login"]
        for each in self._api.pages(path):
            writer = (each.get("user") or {}).get("login")
            if writer == login and str(each.get("body") or "").startswith(marker):
                yield each
