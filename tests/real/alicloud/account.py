"""An account in which everything is as the program declares it: the documents are the program's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from components.cloud import kept
from components.cloud.alicloud import documents, names
from custody.request import AlicloudCustody
from tests.components.cloud.alicloud.world import Document, World
from tests.real.alicloud.server import ACCOUNT, PIPELINE, REGION, Services, running

BUCKET = f"strongroom-custody-{ACCOUNT}-prod"
WRITER = names.role_arn(ACCOUNT, "strongroom-prod-custody-writer")
READER = names.role_arn(ACCOUNT, "strongroom-prod-custody-reader")
VAULT = names.role_arn(ACCOUNT, "strongroom-prod-vault")
SEAL_USER = names.user_arn(ACCOUNT, "strongroom-prod-seal-even")
PLACE = AlicloudCustody(
    region=REGION,
    bucket=BUCKET,
    prefix="",
    custody_key="key-custody",
    seal_key="key-seal",
    writer_role=WRITER,
    reader_role=READER,
)


def world(
    place: AlicloudCustody, *, releases: Literal["recovery", "unseal"] | None = None
) -> World:
    """Give who may do what, with custody's roles for the pipeline and the seal for its user or the role it takes.

    `releases` names the keys that lose their role in a migration of the seal that is under way.
    """
    released = kept.released(releases)
    bucket = names.bucket_arn(ACCOUNT, place.bucket)
    key = names.key_arn(REGION, ACCOUNT, place.custody_key)
    seal = documents.seal_grant(key=names.key_arn(REGION, ACCOUNT, place.seal_key))
    takes = place.seal_role is not None
    granted: dict[str, Document] = {
        PIPELINE: documents.may_assume(roles=[WRITER, READER]),
        WRITER: documents.custody_writer(
            key=key, bucket=bucket, prefix=place.prefix, released=released
        ),
        READER: documents.custody_reader(key=key, bucket=bucket, prefix=place.prefix),
        VAULT: seal,
        SEAL_USER: documents.may_assume(roles=[VAULT]) if takes else seal,
    }
    return World(
        # As text and back: what is sent is text.
        identities={
            who: (json.loads(documents.to_json(dict(each))),) for who, each in granted.items()
        },
        trusts={
            WRITER: documents.role_trust([PIPELINE]),
            READER: documents.role_trust([PIPELINE]),
            VAULT: documents.role_trust([SEAL_USER]),
        },
        buckets={
            bucket: documents.custody_bucket_policy(
                bucket=bucket, prefix=place.prefix, released=released
            )
        },
    )


@contextmanager
def account(
    place: AlicloudCustody = PLACE, *, tls: tuple[Path, Path] | None = None
) -> Iterator[tuple[Services, AlicloudCustody]]:
    """Run it; give it, and the place as it is reached."""
    with running(place, world(place), tls=tls) as services:
        yield services, replace(place, endpoint=services.endpoint)
