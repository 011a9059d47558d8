"""What pods are told of their database, as a Secret: the password stands in it."""

import hashlib
import json
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes

from components.server.configuration import storage_configuration
from components.server.pods import DATABASE, STORAGE_FILE, Pods
from reach.certificate import KEY as CA_KEY


def database_secret(
    name: str, pods: Pods, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str | None]:
    """Declare the Secret; give a digest of what is in it, once it is there. With raft there is none."""
    database = pods.database
    if database is None:
        return pulumi.Output.from_input(None)
    told = pulumi.Output.secret(database.password).apply(
        lambda password: {
            STORAGE_FILE: storage_configuration(database, password, f"{DATABASE}/{CA_KEY}"),
            CA_KEY: database.ca_certificate,
        }
    )
    secret = kubernetes.core.v1.Secret(
        name,
        metadata={"name": pods.database_secret, "namespace": namespace},
        string_data=told,
        opts=opts,
    )
    digest = pulumi.Output.unsecret(told.apply(lambda known: _digest(known, pods.release)))
    return pulumi.Output.all(digest, secret.id).apply(lambda known: str(known[0]))


def _digest(told: Mapping[str, str], salt: str) -> str:
    # Pods show it. A password may be weak: that each guess is dear is what keeps it.
    text = json.dumps(dict(told), sort_keys=True).encode()
    return hashlib.scrypt(text, salt=salt.encode(), n=2**14, r=8, p=1, dklen=8).hex()
