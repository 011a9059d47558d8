"""Tables of the rules over buckets; tests/policies/test_rules.py holds the rules against them."""

import json

from policies.rules.cloud import buckets
from tests.policies.case import ABSENT, Case, Change, Sample
from tests.policies.rules.cloud.samples import alicloud_bucket, aws_bucket

AWS, ALICLOUD = aws_bucket(), alicloud_bucket()
LIFECYCLE = Sample(
    type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    name="lifecycle",
    inputs={"bucket": "logs"},
)
ALLOWING = json.dumps({"Statement": []})
ALGORITHM = "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm"

CASES = [
    Case(
        rule=buckets.public_access_is_blocked,
        compliant=AWS,
        breakages={
            "one off": Change("ignorePublicAcls", value=False, of="closed"),
            "one not said": Change("blockPublicPolicy", ABSENT, of="closed"),
        },
    ),
    Case(
        rule=buckets.public_access_is_blocked,
        compliant=ALICLOUD,
        breakages={"off": Change("blockPublicAccess", value=False, of="closed")},
    ),
    *(
        Case(
            rule=rule,
            compliant=compliant,
            breakages={"another's": Change("@depends.bucket", [], of=part)},
        )
        for compliant in (AWS, ALICLOUD)
        for rule, part in (
            (buckets.every_bucket_is_private, "closed"),
            (buckets.custody_is_versioned, "versions"),
            (buckets.custody_is_encrypted, "encryption"),
            (buckets.buckets_take_tls_only, "policy"),
        )
    ),
    Case(
        rule=buckets.buckets_have_no_acls,
        compliant=AWS,
        breakages={"writer's": Change("rule.objectOwnership", "ObjectWriter", of="owned")},
    ),
    Case(
        rule=buckets.buckets_have_no_acls,
        compliant=ALICLOUD,
        breakages={"public": Change("acl", "public-read", of="acl")},
    ),
    Case(
        rule=buckets.versions_are_kept,
        compliant=AWS,
        breakages={
            "suspended": Change("versioningConfiguration.status", "Suspended", of="versions")
        },
    ),
    Case(
        rule=buckets.versions_are_kept,
        compliant=ALICLOUD,
        breakages={"suspended": Change("status", "Suspended", of="versions")},
    ),
    Case(
        rule=buckets.encryption_is_strong,
        compliant=AWS,
        breakages={
            "none": Change(ALGORITHM, ABSENT, of="encryption"),
            "the cloud's own key for custody": Change(ALGORITHM, "AES256", of="encryption"),
        },
    ),
    Case(
        rule=buckets.encryption_is_strong,
        compliant=ALICLOUD,
        breakages={"unknown": Change("sseAlgorithm", "rot13", of="encryption")},
    ),
    Case(
        rule=buckets.buckets_take_tls_only,
        compliant=AWS,
        breakages={
            "denies nothing": Change("policy", ALLOWING, of="policy"),
            "denies it where it is TLS": Change(
                "policy!Statement.0.Condition.Bool.aws:SecureTransport", "true", of="policy"
            ),
            "denies one action": Change("policy!Statement.0.Action", ["s3:GetObject"], of="policy"),
        },
    ),
    Case(
        rule=buckets.bucket_tls_is_modern,
        compliant=ALICLOUD,
        breakages={
            "old": Change("tlsVersions.0", "TLSv1.0", of="tls"),
            "off": Change("enable", value=False, of="tls"),
        },
    ),
    *(
        Case(
            rule=buckets.buckets_are_never_emptied,
            compliant=compliant,
            breakages={"by force": Change("forceDestroy", value=True, of="bucket")},
        )
        for compliant in (AWS, ALICLOUD)
    ),
    Case(
        rule=buckets.custody_never_expires,
        compliant=[*AWS, LIFECYCLE],
        breakages={
            "by name": Change("bucket", "custody", of="lifecycle"),
            "by origin": Change("@depends.bucket", ["bucket"], of="lifecycle"),
        },
    ),
]
