"""What a server says of itself to anybody: the status of its health request."""

import json
import ssl
import urllib.error
import urllib.request

ACTIVE, STANDBY, NOT_INITIALISED = 200, 429, 501
_OK = 200
_SECONDS = 2.0


def health(url: str, context: ssl.SSLContext) -> int | None:
    """The status of /v1/sys/health: 200 active, 429 standby, 501 not initialised, 503 sealed; None if silent."""
    return _asked(f"{url}/v1/sys/health", context)[0]


def knows_leader(url: str, context: ssl.SSLContext) -> bool:
    """Whether it is unsealed and knows who leads."""
    status, body = _asked(f"{url}/v1/sys/leader", context)
    return status == _OK and bool(json.loads(body).get("leader_address"))


def _asked(url: str, context: ssl.SSLContext) -> tuple[int | None, bytes]:
    # No proxy of the person's environment: it would be asked for 127.0.0.1.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=_SECONDS) as answer:
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""
    except OSError:
        return None, b""
