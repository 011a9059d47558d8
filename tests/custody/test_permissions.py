"""The roles that the program declares suffice for a whole bootstrap, and each call is made by the role that may."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from components.cloud.aws import documents
from custody.aws import Custody
from custody.bootstrap import bootstrap, check, update
from custody.errors import RefusedError
from custody.request import AwsCustody
from custody.root import minted
from custody.secret import Secret
from tests.real.cluster import running_cluster
from tests.real.emulator import REGION, Emulator, custody_place, running_emulator
from tests.real.request import impatient, request_for

pytestmark = pytest.mark.real


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator of this test's own: from `enforce` on it asks IAM."""
    with running_emulator(tmp_path / "emulator") as running:
        yield running


def enforce(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/moto-api/reset-auth"
    assert requests.post(url, data=b"0", timeout=5).ok


def grant(emulator: Emulator, place: AwsCustody) -> None:
    """Give the two roles what the program declares for them."""
    bucket = f"arn:aws:s3:::{place.bucket}"
    for role, write in (
        (place.writer_role, documents.custody_writer),
        (place.reader_role, documents.custody_reader),
    ):
        emulator.client("iam").put_role_policy(
            RoleName=str(role).partition("/")[2],
            PolicyName="custody",
            PolicyDocument=_as_the_emulator_asks(
                write(key=place.custody_key, bucket=bucket, prefix=place.prefix, region=REGION)
            ),
        )


def _as_the_emulator_asks(document: documents.Document) -> str:
    """Give the document with `*` for keys and roles: moto names the resource to IAM for S3 only, and no condition."""
    statements = [
        each if each["Action"][0].startswith("s3:") else {**each, "Resource": "*"}
        for each in document["Statement"]
    ]
    return json.dumps({**document, "Statement": statements})


def user(emulator: Emulator, place: AwsCustody) -> dict[str, str]:
    """Make the pipeline's own identity: it may take the roles, and use the seal key as the servers do."""
    iam = emulator.client("iam")
    made = iam.create_user(UserName="pipeline")["User"]["Arn"]
    for role in (place.writer_role, place.reader_role):
        iam.update_assume_role_policy(
            RoleName=str(role).partition("/")[2],
            PolicyDocument=documents.to_json(documents.role_trust([made])),
        )
    roles = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Resource": [place.writer_role, place.reader_role],
    }
    seal = documents.seal_grant(key=place.seal_key)
    seal["Statement"].append(roles)
    iam.put_user_policy(
        UserName="pipeline", PolicyName="own", PolicyDocument=_as_the_emulator_asks(seal)
    )
    key = iam.create_access_key(UserName="pipeline")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_a_bootstrap_needs_no_more_than_its_roles_have(
    guarded: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = custody_place(guarded, prefix="prod/")
    grant(guarded, place)
    credentials = user(guarded, place)
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    enforce(guarded)
    directory = tmp_path / "cluster"
    with running_cluster(directory, guarded, place, credentials=credentials) as cluster:
        request = request_for(cluster.address, place, tmp_path / "custody")

        with pytest.raises(RefusedError, match="denied"):
            bootstrap(impatient(request_for(cluster.address, _swapped(place), tmp_path / "x")))
        bootstrap(request)

        assert check(request).as_declared
        update(request)
        with minted(request.cluster, request.custody) as token:
            assert token.reveal().startswith("s.")


def _swapped(place: AwsCustody) -> AwsCustody:
    return replace(place, writer_role=str(place.reader_role), reader_role=place.writer_role)


def test_the_seal_is_proven_with_the_servers_own_key_alone(
    guarded: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = custody_place(guarded)
    iam = guarded.client("iam")
    iam.create_user(UserName="seal")
    document = _as_the_emulator_asks(documents.seal_grant(key=place.seal_key))
    iam.put_user_policy(UserName="seal", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="seal")["AccessKey"]
    own = {
        "AWS_ACCESS_KEY_ID": Secret(key["AccessKeyId"]),
        "AWS_SECRET_ACCESS_KEY": Secret(key["SecretAccessKey"]),
    }
    # Whoever runs the program is nobody to this account.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY0000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    enforce(guarded)

    Custody(replace(place, seal_credentials=own)).prove_seal()

    with pytest.raises(RefusedError, match="this process"):
        Custody(place).prove_seal()
    iam_denied = {name: Secret("AKIANOBODY0000000000") for name in own}
    with pytest.raises(RefusedError, match="the servers' key"):
        Custody(replace(place, seal_credentials=iam_denied)).prove_seal()
