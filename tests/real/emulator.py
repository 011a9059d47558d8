"""The AWS emulator for tests and benchmarks, and a place of custody on it."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3

from custody.request import AwsCustody
from sandbox import emulator as sandbox_emulator
from sandbox import ports
from sandbox.layout import Layout

REGION = "eu-central-1"
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A running emulator. Everything that it holds is in memory: killing it destroys its keys."""

    endpoint: str
    pid: int

    @property
    def environment(self) -> Mapping[str, str]:
        """Credentials for boto3's default chain; the emulator takes any."""
        return dict(sandbox_emulator.CREDENTIALS)

    def client(self, service: str) -> Any:
        """Give a boto3 client of the account's owner, who may do everything."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # a name that only the caller knows
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it answer nothing; connections are accepted and hang."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@contextmanager
def running_emulator(
    directory: Path, addresses: tuple[str, ...] = ("127.0.0.1",)
) -> Iterator[Emulator]:
    """Start an emulator on a free port; stop it at the end. `directory` takes its log.

    Of its addresses the first is this machine's own.
    """
    layout = Layout(checkout=directory)
    layout.prepare()
    port = ports.remembered(layout, nodes=0).emulator
    sandbox_emulator.start(layout, port, addresses)
    try:
        pid = sandbox_emulator.pid(layout)
        if pid is None:
            raise RuntimeError("the emulator has ended")
        yield Emulator(endpoint=f"http://127.0.0.1:{port}", pid=pid)
    finally:
        sandbox_emulator.stop(layout)


def custody_place(emulator: Emulator, *, prefix: str = "") -> AwsCustody:
    """Make two keys, a versioned bucket and the two roles: all new, so that tests share one emulator."""
    number = next(_numbers)
    kms, s3, iam = emulator.client("kms"), emulator.client("s3"), emulator.client("iam")
    bucket = f"custody-{os.getpid()}-{number}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    trust = '{"Version": "2012-10-17", "Statement": []}'

    def key(description: str) -> str:
        return str(kms.create_key(Description=description)["KeyMetadata"]["Arn"])

    def role(name: str) -> str:
        made = iam.create_role(RoleName=f"{name}-{bucket}", AssumeRolePolicyDocument=trust)
        return str(made["Role"]["Arn"])

    return AwsCustody(
        region=REGION,
        endpoint=emulator.endpoint,
        bucket=bucket,
        prefix=prefix,
        custody_key=key("custody"),
        seal_key=key("seal"),
        writer_role=role("writer"),
        reader_role=role("reader"),
    )


def reached_through(place: AwsCustody, endpoint: str) -> AwsCustody:
    """Give the same place at another address, for instance a proxy's."""
    return replace(place, endpoint=endpoint)
