"""boto3 clients of one identity, and what their failures mean."""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from custody.errors import CustodyError, RefusedError, UnreachableError
from custody.request import AwsCustody

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_CONNECT_SECONDS = 5
_READ_SECONDS = 15
_ATTEMPTS = 3


@cache
def _models() -> Loader:
    return create_loader()


def session(**credentials: str) -> boto3.Session:
    """Make a session with these credentials, else with the default chain's.

    All share what botocore reads: a model of each service, which takes longer than a call.
    """
    core = botocore.session.get_session()
    core.register_component("data_loader", _models())
    return boto3.Session(botocore_session=core, **credentials)


class Identity:
    """Clients made when first used: botocore reads a large model for each."""

    def __init__(self, session: boto3.Session, place: AwsCustody) -> None:
        self._session = session
        self._place = place
        # No proxy stands between us and an emulator on this machine; to the real cloud one may.
        proxies: dict[str, str] | None = {} if place.endpoint else None
        self._config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            s3={"addressing_style": "path" if place.endpoint else "virtual"},
            proxies=proxies,
        )

    @cached_property
    def kms(self) -> "KMSClient":
        """Give the client of KMS."""
        return self._session.client(
            "kms", self._place.region, endpoint_url=self._place.endpoint, config=self._config
        )

    @cached_property
    def s3(self) -> "S3Client":
        """Give the client of S3."""
        return self._session.client(
            "s3", self._place.region, endpoint_url=self._place.endpoint, config=self._config
        )

    @cached_property
    def sts(self) -> "STSClient":
        """Give the client of STS."""
        return self._session.client(
            "sts", self._place.region, endpoint_url=self._place.endpoint, config=self._config
        )


def assumed(answer: Mapping[str, Any], place: AwsCustody) -> Identity:
    """Give the identity that STS handed out."""
    given = answer["Credentials"]
    return Identity(
        session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        ),
        place,
    )


def translation(
    place: AwsCustody, who: str, action: str, resource: str
) -> Callable[[Exception], CustodyError | None]:
    """Give what turns a failure of `action` on `resource` into a CustodyError.

    `who` is "writer", "reader", "seal", "token" (the servers', before it is exchanged) or "own" (the ambient
    credentials).
    """
    name = {
        "writer": f"the writer role {place.writer_role}",
        "reader": f"the reader role {place.reader_role}" if place.reader_role else "this process",
        "seal": f"the servers' role {place.seal_role}" if place.seal_role else "the servers' key",
        "token": "the servers' ServiceAccount token",
    }.get(who, "this process")

    def translate(error: Exception) -> CustodyError | None:
        if isinstance(error, boto.ClientError):
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            return _refused(code, name, action, resource)
        if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
            return CustodyError(
                "this process has no AWS credentials",
                "sign in (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID, ...) and run again",
            )
        if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
            where = place.endpoint or f"AWS in {place.region}"
            return UnreachableError(
                f"{where} does not answer {action} ({type(error).__name__})",
                "see that it runs and is reachable, then run again: it goes on where it stopped",
            )
        if isinstance(error, boto.BotoCoreError):
            return CustodyError(
                f"{action} on {resource} can't be asked for ({type(error).__name__})",
                "check the AWS configuration of this process",
            )
        return None

    return translate


_TRUST = (
    "see that the role exists and trusts this cluster's issuer (cloud.oidcProvider), this ServiceAccount"
    " (server.namespace, server.serviceAccount) and audience sts.amazonaws.com, then run again"
)


def _refused(code: str, name: str, action: str, resource: str) -> RefusedError:
    if code in DENIED:
        return RefusedError(
            f"{name} is denied {action} on {resource}",
            _TRUST if action == "sts:AssumeRoleWithWebIdentity" else "grant it, then run again",
            reason=code,
        )
    causes = {
        "NoSuchBucket": ("the bucket does not exist", "create it or correct custody.bucket"),
        "NotFoundException": ("the key does not exist", "correct the key's ARN and region"),
        "DisabledException": ("the key is disabled", "enable it"),
        "KMSInvalidStateException": ("the key is not usable", "see its state in the console"),
        "InvalidCiphertextException": (
            "it was not encrypted with this key and context",
            "it may be another cluster's: check custody.bucket, custody.prefix and the custody key",
        ),
        "IncorrectKeyException": (
            "it was encrypted with another key",
            "it may be another cluster's: check custody.bucket, custody.prefix and the custody key",
        ),
        "InvalidIdentityToken": (
            "IAM knows no such issuer, or not with this audience",
            "make cloud.oidcProvider an identity provider of this account with audience sts.amazonaws.com",
        ),
        "IDPCommunicationError": (
            "AWS does not reach the cluster's issuer",
            "see that https://<cloud.oidcProvider>/.well-known/openid-configuration can be read from everywhere",
        ),
        "ExpiredToken": ("the credentials have expired", "sign in again"),
        "ExpiredTokenException": ("the credentials have expired", "sign in again"),
        "InvalidClientTokenId": ("AWS does not know these credentials", "sign in again"),
        "UnrecognizedClientException": ("AWS does not know these credentials", "sign in again"),
    }
    cause, cure = causes.get(code, (f"AWS answered {code}", "run again; if it stays, see the name"))
    return RefusedError(f"{name} can't {action} on {resource}: {cause}", cure, reason=code)
