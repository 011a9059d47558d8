"""S3 buckets and what is set on them, each a resource of its own as in pulumi-aws 7."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.aws.client import Aws, code, none_if
from sandbox.plugins.aws.kinds import REGION, TAGS, AwsKind, from_tags, same_document, to_tags
from sandbox.plugins.aws.shapes import (
    ENCRYPTION,
    LIFECYCLE,
    OWNERSHIP,
    VERSIONING,
    Shape,
    from_wire,
    to_wire,
)
from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Made, Property, Values, properties

_DEFAULT_REGION = "us-east-1"
_NO_BUCKET = ("NoSuchBucket", "404")
_BATCH = 1000


class Bucket(AwsKind):
    """A bucket. Versioning, encryption and the like are resources of their own."""

    properties = properties(
        Property(name="bucket", immutable=True, autonamed=True),
        Property(name="forceDestroy", own=True, default=False),
        Property(name="objectLockEnabled", immutable=True, computed=True),
        Property(name="arn", output=True),
        Property(name="bucketDomainName", output=True),
        Property(name="bucketRegion", output=True),
        Property(name="bucketRegionalDomainName", output=True),
        *TAGS,
        REGION,
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it and tag it; if the latter fails the bucket is recorded all the same."""
        name, region = inputs["bucket"], inputs.get("region") or client.region
        s3 = client.of("s3", region)
        asked: dict[str, Any] = {}
        if region != _DEFAULT_REGION:
            asked["CreateBucketConfiguration"] = {"LocationConstraint": region}
        if inputs.get("objectLockEnabled"):
            asked["ObjectLockEnabledForBucket"] = True
        s3.create_bucket(Bucket=name, **asked)
        try:
            if inputs.get("tags"):
                s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": to_tags(inputs["tags"])})
            return Made(identity=name, state=self.now(client, name, inputs))
        except Exception as error:
            raise IncompleteError(name, {**inputs, "arn": f"arn:aws:s3:::{name}"}, error) from error

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Read it."""
        region = state.get("region") or client.region
        s3 = client.of("s3", region)
        there = None
        with none_if(*_NO_BUCKET):
            there = s3.head_bucket(Bucket=identity)
        if there is None:
            return None
        tags: list[dict[str, str]] = []
        with none_if("NoSuchTagSet"):
            tags = s3.get_bucket_tagging(Bucket=identity)["TagSet"]
        lock: dict[str, Any] = {}
        with none_if("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"):
            lock = s3.get_object_lock_configuration(Bucket=identity)["ObjectLockConfiguration"]
        return {
            "bucket": identity,
            "region": region,
            "objectLockEnabled": lock.get("ObjectLockEnabled") == "Enabled",
            "arn": f"arn:aws:s3:::{identity}",
            "bucketDomainName": f"{identity}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{identity}.s3.{region}.amazonaws.com",
            **from_tags(tags),
        }

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:
        """Change its tags: all else replaces it or is the plugin's own."""
        s3 = client.of("s3", inputs.get("region"))
        if "tags" in self.changed(state, inputs):
            if inputs.get("tags"):
                s3.put_bucket_tagging(Bucket=identity, Tagging={"TagSet": to_tags(inputs["tags"])})
            else:
                s3.delete_bucket_tagging(Bucket=identity)

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it; with all that is in it only if forceDestroy says so."""
        s3 = client.of("s3", state.get("region"))
        try:
            with none_if(*_NO_BUCKET):
                if state.get("forceDestroy"):
                    _empty(s3, identity)
                s3.delete_bucket(Bucket=identity)
        except Exception as error:
            if code(error) != "BucketNotEmpty":
                raise
            raise RefusedError(
                f"bucket {identity} is not empty; empty it, or set forceDestroy and run up before the delete"
            ) from None


def _empty(s3: Any, bucket: str) -> None:
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Suspended":
        # The bucket's versioning goes before the bucket does, and moto can't delete single versions after that.
        enabled = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        for start in range(0, len(objects), _BATCH):
            batch = objects[start : start + _BATCH]
            failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch}).get("Errors")
            if failed:
                raise RefusedError(
                    f"bucket {bucket}: {failed[0].get('Code')} for {failed[0].get('Key')}"
                )


class Part(AwsKind):
    """One thing that is set on a bucket: put whole, read, deleted. Its id is the bucket's name."""

    def __init__(
        self,
        call: str,
        *listed: Property,
        absent: str,
        to_request: Callable[[Values], dict[str, Any]],
        from_answer: Callable[[Mapping[str, Any]], dict[str, Any] | None],
        undo: Callable[[Any, str], None] | None = None,
    ) -> None:
        """`call` is boto3's name without its verb; `absent` the code that says that nothing is set."""
        self.properties = properties(Property(name="bucket", immutable=True), *listed, REGION)
        self._call = call
        self._absent = absent
        self._to_request = to_request
        self._from_answer = from_answer
        self._undo = undo

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Set it."""
        identity = inputs["bucket"]
        self.update_(client, identity, {}, inputs)
        return Made(identity=identity, state=self.now(client, identity, inputs))

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Read it."""
        ask = getattr(client.of("s3", state.get("region")), f"get_{self._call}")
        answer = None
        with none_if(self._absent, *_NO_BUCKET):
            answer = ask(Bucket=identity)
        found = None if answer is None else self._from_answer(answer)
        return None if found is None else {**found, "bucket": identity}

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:  # noqa: ARG002
        """Set it whole."""
        put = getattr(client.of("s3", inputs.get("region")), f"put_{self._call}")
        put(Bucket=identity, **self._to_request(inputs))

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Take it back."""
        s3 = client.of("s3", state.get("region"))
        with none_if(self._absent, *_NO_BUCKET):
            if self._undo is not None:
                self._undo(s3, identity)
            else:
                getattr(s3, f"delete_{self._call}".replace("_configuration", ""))(Bucket=identity)


def _rules(shape: Shape, *, put_in: str, found_in: str | None) -> dict[str, Any]:
    """Give how a list of rules is put, and where an answer has it: not every call wraps its answer."""

    def to_request(inputs: Values) -> dict[str, Any]:
        return {put_in: {"Rules": to_wire(inputs["rules"], shape)}}

    def from_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
        rules = (answer[found_in] if found_in else answer)["Rules"]
        return {"rules": from_wire(rules, shape)}

    return {"to_request": to_request, "from_answer": from_answer}


def _suspend(s3: Any, bucket: str) -> None:
    # Versioning can't be taken back, only suspended.
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _wired(name: str) -> str:
    return name[0].upper() + name[1:]


VERSIONING_KIND = Part(
    "bucket_versioning",
    Property(name="versioningConfiguration", nested=VERSIONING),
    absent="",
    to_request=lambda inputs: {
        "VersioningConfiguration": to_wire(inputs["versioningConfiguration"], VERSIONING)
    },
    from_answer=lambda answer: (
        {"versioningConfiguration": from_wire(answer, VERSIONING)} if "Status" in answer else None
    ),
    undo=_suspend,
)

ENCRYPTION_KIND = Part(
    "bucket_encryption",
    Property(name="rules", nested=ENCRYPTION),
    absent="ServerSideEncryptionConfigurationNotFoundError",
    **_rules(
        ENCRYPTION,
        put_in="ServerSideEncryptionConfiguration",
        found_in="ServerSideEncryptionConfiguration",
    ),
)

PUBLIC_ACCESS_KIND = Part(
    "public_access_block",
    *(Property(name=name, default=False) for name in _BLOCKS),
    absent="NoSuchPublicAccessBlockConfiguration",
    to_request=lambda inputs: {
        "PublicAccessBlockConfiguration": {_wired(name): inputs[name] for name in _BLOCKS}
    },
    from_answer=lambda answer: {
        name: answer["PublicAccessBlockConfiguration"].get(_wired(name), False) for name in _BLOCKS
    },
)

POLICY_KIND = Part(
    "bucket_policy",
    Property(name="policy", same=same_document),
    absent="NoSuchBucketPolicy",
    to_request=lambda inputs: {"Policy": inputs["policy"]},
    from_answer=lambda answer: {"policy": answer["Policy"]},
)

OWNERSHIP_KIND = Part(
    "bucket_ownership_controls",
    Property(name="rule", nested=OWNERSHIP),
    absent="OwnershipControlsNotFoundError",
    to_request=lambda inputs: {
        "OwnershipControls": {"Rules": [to_wire(inputs["rule"], OWNERSHIP)]}
    },
    from_answer=lambda answer: {
        "rule": from_wire(answer["OwnershipControls"]["Rules"][0], OWNERSHIP)
    },
)

LIFECYCLE_KIND = Part(
    "bucket_lifecycle_configuration",
    Property(name="rules", nested=LIFECYCLE),
    absent="NoSuchLifecycleConfiguration",
    **_rules(LIFECYCLE, put_in="LifecycleConfiguration", found_in=None),
)
