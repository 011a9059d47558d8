"""AWS through boto3, configured as the official plugin is."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values

SETTINGS: Mapping[str, Callable[[str], Any]] = {
    "region": str,
    "endpoints": json.loads,
    "accessKey": str,
    "secretKey": str,
    "token": str,
    "profile": str,
    "s3UsePathStyle": json.loads,
    "allowedAccountIds": json.loads,
    "maxRetries": json.loads,
    "skipCredentialsValidation": json.loads,
    "skipRequestingAccountId": json.loads,
    "skipMetadataApiCheck": json.loads,
    "skipRegionValidation": json.loads,
}
SERVICES = ("kms", "s3", "iam", "sts")


class Aws:
    """One provider's clients, made when they are first needed. Safe to use from many threads."""

    def __init__(self, settings: Values) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._endpoints = {
            service: address
            for each in settings.get("endpoints") or []
            for service, address in each.items()
        }
        if settings.get("skipMetadataApiCheck"):
            # Otherwise a machine without credentials waits for an address that isn't there.
            os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
        allowed = settings.get("allowedAccountIds")
        if allowed or not settings.get("skipCredentialsValidation"):
            account = self.caller()["accountId"]
            if allowed and account not in allowed:
                raise RefusedError(f"AWS account {account} is none of allowedAccountIds {allowed}")

    @property
    def region(self) -> str:
        """The provider's region."""
        region = self._settings.get("region")
        if not region:
            raise RefusedError("provider aws has no region")
        return str(region)

    def caller(self) -> dict[str, str]:
        """Who asks, as STS knows it: accountId, arn, userId, and the account again as id."""
        with one_line("GetCallerIdentity"):
            found = self.of("sts").get_caller_identity()
        account = str(found["Account"])
        return {"accountId": account, "arn": found["Arn"], "userId": found["UserId"], "id": account}

    def of(self, service: str, region: str | None = None) -> Any:
        """Give a client; a region of its own for a resource that names one."""
        where = (service, region or self.region)
        with self._lock:
            if where not in self._clients:
                self._clients[where] = self._open(*where)
            return self._clients[where]

    def _open(self, service: str, region: str) -> Any:
        import boto3  # noqa: PLC0415  takes 0.2 s: a plugin that isn't used starts faster
        from botocore.config import Config  # noqa: PLC0415

        if self._session is None:
            self._session = boto3.Session(
                aws_access_key_id=self._settings.get("accessKey"),
                aws_secret_access_key=self._settings.get("secretKey"),
                aws_session_token=self._settings.get("token"),
                profile_name=self._settings.get("profile"),
            )
        attempts = self._settings.get("maxRetries", 3)
        style: Literal["path", "auto"] = "path" if self._settings.get("s3UsePathStyle") else "auto"
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self._endpoints.get(service),
            config=Config(
                retries={"max_attempts": attempts, "mode": "standard"},
                s3={"addressing_style": style},
                max_pool_connections=32,
            ),
        )


def code(error: Exception) -> str:
    """AWS's name for what went wrong; empty if it wasn't AWS that said so."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


@contextmanager
def one_line(doing: str) -> Iterator[None]:
    """Turn what boto3 raises into one line. AWS's own messages name resources, never values."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  slow, see above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415  slow, see above

    try:
        yield
    except ResponseParserError:
        raise RefusedError(
            f"aws answers {doing} unreadably; does the emulator know this call?"
        ) from None
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", "")
        raise RefusedError(f"aws refuses {doing}: {code(error)}: {message}".rstrip(": ")) from error
    except BotoCoreError as error:
        wrong = " ".join(str(error).split())
        raise RefusedError(f"aws can't be asked for {doing}: {wrong}") from None


@contextmanager
def none_if(*codes: str) -> Iterator[None]:
    """Let pass what only says that a thing isn't there."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  slow, see above

    try:
        yield
    except ClientError as error:
        if code(error) not in codes:
            raise
