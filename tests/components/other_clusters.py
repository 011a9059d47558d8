"""A Pulumi program with two other clusters; `declared.json` beside it says who lives where, and how each judges.

Everything in Vault is made as the limited account, whose acl the test made from the same shape.
"""

import json
import os
from pathlib import Path
from typing import Any

import pulumi
import pulumi_vault as vault

from catalog.model import Service
from components.access.services import Services, ServicesArgs
from components.engines.key_value import KeyValue, KeyValueArgs
from components.other_cluster import FetchedKeys, OtherCluster, OtherClusterArgs, Review
from components.workload.access import PodAccess

ca = Path(os.environ["TEST_CA"]).read_text()


def judged(said: dict[str, Any]) -> FetchedKeys | Review:
    if "host" not in said:
        return FetchedKeys(issuer=said.get("issuer"))
    by_client = said.get("byClient", False)
    return Review(host=said["host"], ca=said.get("ca"), by_client=by_client)


declared = json.loads((Path(__file__).parent / "declared.json").read_text())
if declared:
    account = vault.Provider(
        "account",
        address=os.environ["TEST_VAULT"],
        ca_cert_file=os.environ["TEST_CA"],
        skip_tls_verify=False,
        auth_login_userpass=vault.ProviderAuthLoginUserpassArgs(
            mount="strongroom",
            username="strongroom",
            password=pulumi.Output.secret(os.environ["TEST_PASSWORD"]),
        ),
    )
    own = pulumi.ResourceOptions(provider=account)
    services = tuple(
        Service(namespace=namespace, name=name, clusters=tuple(clusters))
        for (namespace, name), clusters in (
            (each.split("/"), clusters) for each, clusters in declared["services"].items()
        )
    )
    clusters = {
        name: OtherCluster(
            name,
            OtherClusterArgs(
                context=name,
                access=PodAccess(
                    address="https://vault.example.com:8200",
                    login_mount=f"kubernetes-{name}",
                    audience=said.get("audience", "vault"),
                ),
                ca_certificate=ca,
                judged=judged(said),
                services=tuple(each for each in services if name in each.clusters),
                keep=False,
            ),
            own,
        )
        for name, said in declared["clusters"].items()
    }
    logins = {name: cluster.login for name, cluster in clusters.items()}
    made = Services("services", ServicesArgs(services=services, logins=logins, key_value="kv"), own)
    mail = {"shop/orders/mail": pulumi.Output.secret({"password": "correct-horse"})}
    KeyValue("kv", KeyValueArgs(mount="kv", secrets=mail, keep=False), own)
    pulumi.export("logins", made.logins)
