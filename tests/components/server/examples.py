"""Pods and seals for the tests of this room."""

from typing import Any

from components.server.pods import Csi, Image, Injector, Network, Pods, PodSeal
from components.server.values import ValuesArgs

VAULT = Image(repository="hashicorp/vault", tag="2.0.4")
OPENBAO = Image(repository="openbao/openbao", tag="2.6.2")
INJECTOR = Injector(image=Image(repository="hashicorp/vault-k8s", tag="1.7.6"), agent_image=VAULT)
CSI = Csi(image=Image(repository="hashicorp/vault-csi-provider", tag="1.7.4"), agent_image=VAULT)
NETWORK = Network(
    clients=("shop", "blog"),
    client_cidrs=("10.9.0.0/16",),
    egress_cidrs=("10.1.0.0/16",),
    api_server_cidrs=("10.2.0.0/16",),
)
CA = "-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n"
PARAMETERS = {"region": "eu-central-1", "kms_key_id": "arn:aws:kms:key-1"}
WEB_IDENTITY = PodSeal(
    kind="awskms",
    parameters=PARAMETERS,
    annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/vault"},
    role_arn="arn:aws:iam::1:role/vault",
    audience="sts.amazonaws.com",
)
POD_IDENTITY = PodSeal(kind="awskms", parameters=PARAMETERS)
KEYS = PodSeal(
    kind="awskms",
    parameters={**PARAMETERS, "endpoint": "http://10.244.0.1:5000"},
    secret_environment=("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    keys_digest="0123456789abcdef",
)

ALICLOUD_KEYS = PodSeal(
    kind="alicloudkms",
    parameters={"region": "eu-central-1", "kms_key_id": "key-1"},
    environment={"ALICLOUD_REGION": "eu-central-1"},
    secret_environment=("ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY"),
    keys_digest="0123456789abcdef",
)
INSTANCE_ROLE = PodSeal(
    kind="alicloudkms",
    parameters=ALICLOUD_KEYS.parameters,
    environment={"ALICLOUD_REGION": "eu-central-1", "ALICLOUD_ROLE_NAME": "worker"},
)


def pods(**changed: Any) -> Pods:
    """Three pods of HashiCorp Vault, as production would have them."""
    return Pods(
        **{
            "flavour": "vault",
            "image": VAULT,
            "network": NETWORK,
            "injector": INJECTOR,
            "priority_class": "system-cluster-critical",
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"memory": "2Gi"},
            **changed,
        }
    )


def openbao(**changed: Any) -> Pods:
    """The same of OpenBao."""
    return pods(**{"flavour": "openbao", "image": OPENBAO, **changed})


def values_args(of: Pods | None = None, seal: PodSeal = WEB_IDENTITY) -> ValuesArgs:
    """Everything that values follow from."""
    return ValuesArgs(pods=of or pods(), seal=seal, tls_secret="vault-tls", ca_certificate=CA)
