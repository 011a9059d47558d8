"""Talks to a forge's API over HTTP: pages, errors in one line, no token to anybody else."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from ops.ci.errors import PipelineError

_SECONDS = 30
_PER_PAGE = 100
_LOCAL = ("127.0.0.1", "localhost", "::1")


class Api:
    """One API, as one bearer of a token."""

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        url = urlsplit(address)
        if url.scheme != "https" and url.hostname not in _LOCAL:
            raise PipelineError(f"{address} is not https, and the token would be read on the way")
        self.address = address.rstrip("/")
        self._session = requests.Session()
        # A ~/.netrc would take the place of the token.
        self._session.trust_env = False
        self._session.proxies = requests.utils.get_environ_proxies(address)
        self._session.headers.update(headers)
        # What only reads or writes the same again is tried again; a second POST might be a second comment.
        patient = Retry(
            total=4, connect=2, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504],
            allowed_methods=["GET", "PUT", "PATCH"], raise_on_status=False,
        )  # fmt: skip
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patient))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one request, give the document that is answered.

        Raises:
            PipelineError: if the API does not answer, or refuses.

        """
        return self._answered(method, f"{self.address}{path}", body).json()

    def allowed(self, path: str) -> Any | None:
        """Read what a token may be too small for; None then.

        Raises:
            PipelineError: if the API does not answer, or refuses for another reason.

        """
        answer = self._send("GET", f"{self.address}{path}", None)
        if answer.status_code == requests.codes.forbidden:
            return None
        return self._checked(answer, "GET").json()

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Give what a list holds, page after page, as the header `Link` leads.

        Raises:
            PipelineError: as `ask`, or if the next page is somewhere else.

        """
        joint = "&" if "?" in path else "?"
        url: str | None = f"{self.address}{path}{joint}per_page={_PER_PAGE}"
        while url is not None:
            answer = self._answered("GET", url, None)
            yield from answer.json()
            url = answer.links.get("next", {}).get("url")
            if url is not None and not url.startswith(f"{self.address}/"):
                raise PipelineError(
                    f"{self.address} leads to {urlsplit(url).netloc} for more; nothing is sent there"
                )

    def _answered(self, method: str, url: str, body: Mapping[str, Any] | None) -> requests.Response:
        return self._checked(self._send(method, url, body), method)

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> requests.Response:
        try:
            # requests would hand a token on to wherever it is sent.
            return self._session.request(
                method, url, json=body, timeout=_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise PipelineError(
                f"{self.address} does not answer ({type(error).__name__}); run again"
            ) from None

    def _checked(self, answer: requests.Response, method: str) -> requests.Response:
        if answer.status_code < requests.codes.multiple_choices:
            return answer
        path = urlsplit(answer.url).path
        raise PipelineError(
            f"{method} {path} at {self.address} is refused ({answer.status_code}{_reason(answer)});"
            " see what the token may do"
        )


def _reason(answer: requests.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    message = said.get("message") or said.get("error") if isinstance(said, dict) else None
    return f": {str(message)[:200]}" if message else ""
