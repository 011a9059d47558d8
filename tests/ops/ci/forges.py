"""Stands in for the APIs of GitHub and GitLab over HTTP, kept to what they document; nothing else of them is there.

GitHub: https://docs.github.com/en/rest (pages: 30 by default, at most 100, `Link`; a body of at most 65,536 characters;
a workflow's own token may not read /user). GitLab: https://docs.gitlab.com/api/ (pages: 20 by default, at most 100).
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN = "a-token-that-nobody-else-has"
_LONGEST = 65_536

Answer = tuple[int, Any]


@dataclass
class Forge:
    """One repository. Tests put in what others wrote, and read what is there."""

    address: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Method and path of every request."""
    user: str | None = None
    """Whose token it is; None: a workflow's own."""
    failures: list[int] = field(default_factory=list)
    """Statuses of the next answers."""
    elsewhere: str | None = None
    """Where `Link` leads instead of here."""

    def page(self, url: str, found: list[dict[str, Any]], usual: int) -> tuple[Any, dict[str, str]]:
        """Give one page and its header."""
        asked = {key: each[0] for key, each in parse_qs(urlsplit(url).query).items()}
        size, number = min(int(asked.get("per_page", usual)), 100), int(asked.get("page", 1))
        start = (number - 1) * size
        if start + size >= len(found):
            return found[start:], {}
        onwards = urlencode({**asked, "page": number + 1})
        place = f"{self.elsewhere or self.address}{urlsplit(url).path}?{onwards}"
        return found[start : start + size], {
            "Link": f'<{place}>; rel="next", <{place}>; rel="last"'
        }


class _Handler(BaseHTTPRequestHandler):
    forge: Forge

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        self.forge.asked.append(f"{self.command} {urlsplit(self.path).path}")
        headers: dict[str, str] = {}
        if self.forge.failures:
            status, document = self.forge.failures.pop(0), {"message": "busy"}
        elif not self.authorized():
            status, document = 401, {"message": "Bad credentials"}
        else:
            status, document = self.answer(self.command, urlsplit(self.path).path, body)
            if status == 200 and isinstance(document, list):
                document, headers = self.forge.page(self.path, document, self.usual)
        data = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815  http.server's names
    usual = 30

    def authorized(self) -> bool:
        raise NotImplementedError

    def answer(self, method: str, path: str, body: Any) -> Answer:
        raise NotImplementedError

    def opened(self) -> list[dict[str, Any]]:
        wanted = parse_qs(urlsplit(self.path).query).get("state", ["all"])[0]
        return [each for each in self.forge.issues if wanted in ("all", each["state"])]


class _GitHub(_Handler):
    def authorized(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {TOKEN}"

    def answer(self, method: str, path: str, body: Any) -> Answer:  # noqa: PLR0911  a table
        if body is not None and len(body.get("body") or "") > _LONGEST:
            return 422, {
                "message": "Validation Failed: body is too long (maximum is 65536 characters)"
            }
        writer = {"login": self.forge.user or "github-actions[bot]"}
        place = f"{self.forge.address}/x"
        match method, path.removeprefix("/repos/team/vault"):
            case "GET", "/user":
                if self.forge.user is None:
                    return 403, {"message": "Resource not accessible by integration"}
                return 200, writer
            case "GET", "/issues/7/comments":
                return 200, self.forge.comments
            case "POST", "/issues/7/comments":
                made = {
                    "id": 1000 + len(self.forge.comments),
                    "user": writer,
                    "html_url": place,
                    **body,
                }
                self.forge.comments.append(made)
                return 201, made
            case "PATCH", way if found := re.fullmatch(r"/issues/comments/(\d+)", way):
                return _changed(self.forge.comments, "id", int(found[1]), body)
            case "GET", "/issues":
                return 200, self.opened()
            case "POST", "/issues":
                number = 1 + len(self.forge.issues)
                made = {
                    "number": number,
                    "user": writer,
                    "state": "open",
                    "html_url": place,
                    **body,
                }
                self.forge.issues.append(made)
                return 201, made
            case "PATCH", way if found := re.fullmatch(r"/issues/(\d+)", way):
                return _changed(self.forge.issues, "number", int(found[1]), body)
        return 404, {"message": "Not Found"}


class _GitLab(_Handler):
    usual = 20

    def authorized(self) -> bool:
        return self.headers["PRIVATE-TOKEN"] == TOKEN

    def answer(self, method: str, path: str, body: Any) -> Answer:  # noqa: PLR0911  a table
        writer = {"username": self.forge.user or "project_1_bot"}
        place = f"{self.forge.address}/x"
        match method, path.removeprefix("/projects/1"):
            case "GET", "/user":
                return 200, writer
            case "GET", "/merge_requests/7/notes":
                return 200, self.forge.comments
            case "POST", "/merge_requests/7/notes":
                made = {"id": 1000 + len(self.forge.comments), "author": writer, **body}
                self.forge.comments.append(made)
                return 201, made
            case "PUT", way if found := re.fullmatch(r"/merge_requests/7/notes/(\d+)", way):
                return _changed(self.forge.comments, "id", int(found[1]), body)
            case "GET", "/issues":
                return 200, self.opened()
            case "POST", "/issues":
                number = 1 + len(self.forge.issues)
                made = {
                    "iid": number,
                    "author": writer,
                    "state": "opened",
                    "web_url": place,
                    **body,
                }
                self.forge.issues.append(made)
                return 201, made
            case "PUT", way if found := re.fullmatch(r"/issues/(\d+)", way):
                if body.pop("state_event", None) == "close":
                    body["state"] = "closed"
                return _changed(self.forge.issues, "iid", int(found[1]), body)
        return 404, {"message": "404 Not Found"}


def _changed(those: list[dict[str, Any]], key: str, wanted: int, body: Any) -> Answer:
    for each in those:
        if each[key] == wanted:
            each.update(body)
            return 200, each
    return 404, {"message": "Not Found"}


@contextmanager
def _serving(handler: type[_Handler]) -> Iterator[Forge]:
    forge = Forge()
    bound = type("Handler", (handler,), {"forge": forge})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    forge.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Kind:
    """One of the two, as a test sees it."""

    handler: type[_Handler]
    writer: str
    """Field of a comment that says who wrote it."""
    name: str
    """Field of him that names him."""
    text: str
    """Field of an issue that holds its body."""
    opened: str
    """State of an issue that is open."""
    variables: Callable[[str], dict[str, str]]
    """What a pipeline of it has in its environment, for an API at this address."""

    @contextmanager
    def serving(self) -> Iterator[Forge]:
        """Serve it for as long as the block runs."""
        with _serving(self.handler) as forge:
            yield forge


GITHUB = Kind(
    _GitHub, "user", "login", "body", "open",
    lambda address: {
        "GITHUB_ACTIONS": "true", "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": address,
        "GITHUB_REPOSITORY": "team/vault", "GITHUB_REF": "refs/pull/7/merge",
    },
)  # fmt: skip
GITLAB = Kind(
    _GitLab, "author", "username", "description", "opened",
    lambda address: {
        "GITLAB_CI": "true", "GITLAB_TOKEN": TOKEN, "CI_API_V4_URL": address, "CI_PROJECT_ID": "1",
        "CI_PROJECT_URL": "https://gitlab.example.com/team/vault", "CI_MERGE_REQUEST_IID": "7",
    },
)  # fmt: skip
