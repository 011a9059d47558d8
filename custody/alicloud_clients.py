"""Alibaba Cloud's SDK clients of one identity, and what their failures mean.

KMS 2016-01-20 and STS 2015-04-01 by the generated clients, OSS by its SDK v2. All are slow to import: this module is,
too, and nobody imports it where custody is another cloud's. None of them tries again by itself: `alicloud.py` does, and
knows which calls may be made twice.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import alibabacloud_oss_v2 as oss
import requests
from alibabacloud_credentials.client import Client as Ambient
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_kms20160120.client import Client as Kms
from alibabacloud_oss_v2 import exceptions as oss_errors
from alibabacloud_oss_v2.retry.retryer_impl import NopRetryer
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.exceptions import RetryError
from Tea.exceptions import UnretryableException

from custody.errors import NOT_OURS, CustodyError, RefusedError, UnreachableError
from custody.request import AlicloudCustody
from custody.secret import Secret

# What these SDKs log in debugging mode (the first one where DEBUG=sdk is set) are whole requests: KMS takes what it is
# to encrypt in the query.
for _name in ("darabonba-core", "alibabacloud-tea", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.INFO)

_CONNECT_SECONDS = 5
_READ_SECONDS = 15
_SESSION_SECONDS = 900

DENIED = frozenset(
    {"AccessDenied", "Forbidden", "Forbidden.NoPermission", "Forbidden.RAM", "NoPermission"}
)
UNSETTLED = DENIED | {
    "EntityNotExist.Role",
    "InvalidAccessKeyId",
    "InvalidAccessKeyId.NotFound",
}
"""What RAM may answer for some seconds after a role, a policy or a key was made."""
TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "QpsLimitExceeded",
        "Rejected.Throttling",
        "ServiceUnavailable",
        "ServiceUnavailableTemporary",
        "Throttling",
        "Throttling.Api",
        "Throttling.User",
    }
)


@dataclass(frozen=True, kw_only=True)
class Key:
    """An access key, with the token of a session if it is one's."""

    id: str
    secret: Secret
    token: Secret | None = None


class Identity:
    """Clients made when first used."""

    def __init__(self, key: Key, place: AlicloudCustody) -> None:
        self._key = key
        self._place = place

    @cached_property
    def kms(self) -> Any:
        """Give the client of KMS."""
        return Kms(self._config())

    @cached_property
    def sts(self) -> Any:
        """Give the client of STS."""
        return Sts(self._config())

    @cached_property
    def oss(self) -> Any:
        """Give the client of OSS."""
        own = self._place.endpoint
        return oss.Client(
            oss.config.Config(
                region=self._place.region,
                endpoint=own,
                use_path_style=own is not None,
                credentials_provider=oss.credentials.StaticCredentialsProvider(
                    self._key.id,
                    self._key.secret.reveal(),
                    self._key.token and self._key.token.reveal(),
                ),
                connect_timeout=_CONNECT_SECONDS,
                readwrite_timeout=_READ_SECONDS,
                retryer=NopRetryer(),
                retry_max_attempts=1,
            )
        )

    def assumed(self, role: str, session: str) -> "Identity":
        """Take a role; raises what STS's client does."""
        answer = self.sts.assume_role(
            sts_models.AssumeRoleRequest(
                role_arn=role, role_session_name=session, duration_seconds=_SESSION_SECONDS
            )
        ).body.credentials
        key = Key(
            id=answer.access_key_id,
            secret=Secret(answer.access_key_secret),
            token=Secret(answer.security_token),
        )
        return Identity(key, self._place)

    def _config(self) -> Config:
        own = urlsplit(self._place.endpoint or "")
        return Config(
            access_key_id=self._key.id,
            access_key_secret=self._key.secret.reveal(),
            security_token=self._key.token and self._key.token.reveal(),
            region_id=self._place.region,
            # None: the SDK knows each region's.
            endpoint=own.netloc or None,
            protocol=own.scheme or "https",
            connect_timeout=_CONNECT_SECONDS * 1000,
            read_timeout=_READ_SECONDS * 1000,
        )


def ambient(place: AlicloudCustody) -> Identity:
    """Give the identity of this process, by the SDK's default chain (environment, RRSA, ~/.aliyun, ECS, ...)."""
    # The SDK reads the environment once, when it is imported.
    said = [os.environ.get(f"ALIBABA_CLOUD_{name}", "") for name in _KEY]
    if not all(said[:2]):
        found = Ambient().get_credential()
        said = [found.access_key_id, found.access_key_secret, found.security_token or ""]
    key_id, secret, token = said
    key = Key(id=key_id, secret=Secret(secret), token=Secret(token) if token else None)
    return Identity(key, place)


_KEY = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")


def translation(
    place: AlicloudCustody, who: str, action: str, resource: str
) -> Callable[[Exception], CustodyError | None]:
    """Give what turns a failure of `action` on `resource` into a CustodyError.

    `who` is "writer", "reader", "seal" (the servers' identity), "key" (their access key, before it takes their role)
    or "own" (the ambient credentials).
    """
    name = {
        "writer": f"the writer role {place.writer_role}",
        "reader": f"the reader role {place.reader_role}",
        "seal": f"the servers' role {place.seal_role}" if place.seal_role else "the servers' key",
        "key": "the servers' key",
    }.get(who, "this process")

    def translate(error: Exception) -> CustodyError | None:
        if isinstance(error, CredentialException):
            return CustodyError(
                "this process has no Alibaba Cloud credentials",
                "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or sign in with the aliyun"
                " command, and run again",
            )
        if isinstance(error, AlibabaCloudException | oss_errors.ServiceError):
            return _refused(str(error.code), name, action, resource)
        if isinstance(error, oss_errors.OperationError) and isinstance(
            error.unwrap(), oss_errors.ServiceError
        ):
            return _refused(str(error.unwrap().code), name, action, resource)
        if isinstance(error, _SILENT):
            where = place.endpoint or f"Alibaba Cloud in {place.region}"
            return UnreachableError(
                f"{where} does not answer {action}",
                "see that it is reachable, then run again: it goes on where it stopped",
            )
        return None

    return translate


_SILENT = (
    UnretryableException,
    RetryError,
    requests.RequestException,
    oss_errors.OperationError,
    oss_errors.RequestError,
    oss_errors.ResponseError,
)

_ANOTHER = "it may be another cluster's: check custody.bucket, custody.prefix and the custody key"
_CAUSES = {
    "NoSuchBucket": ("the bucket does not exist", "create it or correct custody.bucket"),
    "Forbidden.KeyNotFound": ("the key does not exist", "correct the key's id and region"),
    "Rejected.Disabled": ("the key is disabled", "enable it"),
    "Rejected.PendingDeletion": (
        "the key is about to be deleted",
        "cancel its deletion, then enable it",
    ),
    "Rejected.Unavailable": ("the key is not usable", "see its state in the console"),
    "Rejected.UnsupportedOperation": (
        "the key can't be used that way",
        "use a symmetric key, and let its KMS instance take calls through the shared gateway",
    ),
    "InvalidSecurityToken.Expired": ("the credentials have expired", "sign in again"),
    "SecurityTokenExpired": ("the credentials have expired", "sign in again"),
    "InvalidAccessKeyId.NotFound": ("Alibaba Cloud does not know this key", "see that it exists"),
    "InvalidAccessKeyId": ("Alibaba Cloud does not know this key", "see that it exists"),
    "InvalidAccessKeyId.Inactive": ("its key is disabled", "enable it, or use another"),
    "SignatureDoesNotMatch": ("its key's secret is wrong", "correct it"),
    "EntityNotExist.Role": ("the role does not exist", "run `pulumi up`, which makes it"),
}


def _refused(code: str, name: str, action: str, resource: str) -> RefusedError:
    if code in DENIED:
        cause = f"{name} is denied {action} on {resource}"
        return RefusedError(cause, "grant it, then run again", reason=code)
    if action == "kms:Decrypt" and code.startswith("Invalid") and code not in _CAUSES:
        # KMS has no code of its own for it.
        cause = f"{name} can't {action} on {resource}: it was not encrypted with this key"
        return RefusedError(cause, _ANOTHER, reason=NOT_OURS)
    cause, cure = _CAUSES.get(
        code, (f"Alibaba Cloud answered {code}", "run again; if it stays, see the name")
    )
    return RefusedError(f"{name} can't {action} on {resource}: {cause}", cure, reason=code)
