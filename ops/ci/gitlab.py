"""Writes notes of merge requests and issues on GitLab.

A job's own token may not write notes, so a project access token with the scope `api` is needed (GITLAB_TOKEN).
Source: https://docs.gitlab.com/api/notes/ and https://docs.gitlab.com/api/issues/
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.ci.api import Api
from ops.ci.errors import PipelineError
from ops.ci.forge import needed

_RUNNER = "GitLab's runner sets it"


class GitLab:
    """One project."""

    def __init__(self, api: Api, project: str, server: str, merge_request: int | None) -> None:
        self._api = api
        self._project = f"/projects/{project}"
        self._address = server
        self._merge_request = merge_request

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "GitLab":
        """Read what a job gives: GITLAB_TOKEN by the project's variables, all else by the runner.

        Raises:
            PipelineError: if something is missing.

        """
        token = needed(
            environment, "GITLAB_TOKEN", "store a project access token with the scope api under it"
        )
        address = needed(environment, "CI_API_V4_URL", _RUNNER)
        merge_request = environment.get("CI_MERGE_REQUEST_IID")
        return cls(
            Api(address, {"PRIVATE-TOKEN": token}),
            needed(environment, "CI_PROJECT_ID", _RUNNER),
            needed(environment, "CI_PROJECT_URL", _RUNNER),
            int(merge_request) if merge_request else None,
        )

    def comment(self, marker: str, body: str) -> str:
        """Write it in place of the one before, the older of two."""
        if self._merge_request is None:
            raise PipelineError("this pipeline runs for no merge request; leave out --post")
        path = f"{self._project}/merge_requests/{self._merge_request}/notes"
        ours = next(self._ours(f"{path}?sort=asc&order_by=created_at", marker, "body"), None)
        if ours is None:
            note = self._api.ask("POST", path, {"body": body})
        else:
            note = self._api.ask("PUT", f"{path}/{ours['id']}", {"body": body})
        return f"{self._address}/-/merge_requests/{self._merge_request}#note_{note['id']}"

    def issue(self, marker: str, title: str, body: str, *, wanted: bool) -> str | None:
        """Open, write anew or close it."""
        path = f"{self._project}/issues"
        ours = next(self._ours(f"{path}?state=opened", marker, "description"), None)
        content: dict[str, Any] = {"title": title, "description": body}
        if ours is None:
            return str(self._api.ask("POST", path, content)["web_url"]) if wanted else None
        if not wanted:
            content |= {"state_event": "close"}
        return str(self._api.ask("PUT", f"{path}/{ours['iid']}", content)["web_url"])

    def _ours(self, path: str, marker: str, field: str) -> Iterator[dict[str, Any]]:
        name = self._api.ask("GET", "/user")["username"]
        for each in self._api.pages(path):
            writer = (each.get("author") or {}).get("username")
            if writer == name and str(each.get(field) or "").startswith(marker):
                yield each
