"""Custody in the bootstrap's properties, with what proves the seal as the servers' own: there and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pulumi

from components.cloud.contract import CustodyPlace, Seal
from components.server import seal_proof
from components.server.address import in_custody_s_words
from components.server.contract import JobProof, TokenProof
from components.server.seals import TOKEN
from custody.keeper import Keeper
from custody.keeper import prove as prove_keeper
from custody.request import Place, place_of
from custody.secret import Secret

Document = dict[str, Any]

FOR_THE_PROOF = ("seal_credentials", "seal_proof", "keeper")
"""Properties that nobody needs once the cluster is owned."""


def custody_properties(
    place: CustodyPlace, proof: TokenProof | JobProof | None, seal: Seal | None = None
) -> Document:
    """Give the properties that say where custody lies and how the seal is proven."""
    return {
        "custody": {
            # None is dropped: what a state says of AWS is what it always said.
            "kind": None if place.kind == "aws" else place.kind,
            "region": place.region,
            "endpoint": place.endpoint,
            "bucket": place.bucket,
            "prefix": place.prefix,
            "custody_key": place.custody_key,
            "seal_key": place.seal_key,
            "writer_role": place.writer_role,
            "reader_role": place.reader_role,
            "seal_role": place.seal_role,
        },
        "seal_credentials": (
            pulumi.Output.secret({**place.seal_credentials}) if place.seal_credentials else None
        ),
        "seal_proof": _document(proof),
        "keeper": _keeper(seal) if seal is not None and seal.kind == "transit" else None,
    }


def _keeper(seal: Seal) -> pulumi.Output[Document]:
    """Give what proves a transit key as the servers: their token among it, so all of it is secret."""
    ca = Path(str(seal.ca_file)).read_text()
    token = {"token": seal.secret_environment[TOKEN], "ca_certificate": ca}
    return pulumi.Output.secret({**seal.parameters, **token})


def _document(proof: TokenProof | JobProof | None) -> Document | None:
    match proof:
        case TokenProof():
            return {"token": asdict(proof)}
        case JobProof():
            # As text: the engine makes a float of every number, which the API server refuses.
            return {"job": proof.manifest.apply(json.dumps)}
        case None:
            return None


def custody_of(props: Mapping[str, Any]) -> Place:
    """Give where custody lies. What it holds for the proof of the seal asks nobody before it is called.

    `props` are the bootstrap's, from the program or the state; only the program's say how the seal is proven.
    """
    reach, proof = props.get("reach") or {}, props.get("seal_proof") or {}
    # A token proves AWS's web identity alone.
    token = {"seal_token": partial(_token, reach, proof["token"])} if "token" in proof else {}
    keeper = props.get("keeper")
    prove = partial(_run, reach, json.loads(proof["job"])) if "job" in proof else None
    return place_of(
        props["custody"],
        **token,
        seal_credentials={
            name: Secret(value) for name, value in (props.get("seal_credentials") or {}).items()
        },
        seal_proof=partial(prove_keeper, _keeper_of(keeper)) if keeper else prove,
    )


def _keeper_of(document: Document) -> Keeper:
    return Keeper(**(document | {"token": Secret(document["token"])}))


def _token(reach: Document, of: Document) -> Secret:
    from reach.token import service_account_token  # noqa: PLC0415  Kubernetes' client is slow to import

    with in_custody_s_words():
        return Secret(
            service_account_token(
                reach.get("context"), reach["namespace"], of["service_account"], of["audience"]
            )
        )


def _run(reach: Document, job: Document) -> None:
    from reach.job import run_job  # noqa: PLC0415  as above

    with in_custody_s_words():
        reason = run_job(reach.get("context"), job, seal_proof.PATIENCE_SECONDS)
    if reason is not None:
        raise seal_proof.refused(job, reason)
