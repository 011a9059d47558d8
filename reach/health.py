"""What a server says of itself to anybody: the status of its health request."""

import ssl
import urllib.error
import urllib.request

ACTIVE, STANDBY, NOT_INITIALISED = 200, 429, 501
_SECONDS = 2.0


def health(url: str, context: ssl.SSLContext) -> int | None:
    """The status of /v1/sys/health: 200 active, 429 standby, 501 not initialised, 503 sealed; None if silent."""
    # No proxy of the person's environment: it would be asked for 127.0.0.1.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(f"{url}/v1/sys/health", timeout=_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None
