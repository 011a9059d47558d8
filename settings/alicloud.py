"""Alibaba Cloud as an environment says it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mistakes.shapes import Bucket, ServiceId, Text, Whole, refuse, shape
from settings.base import Finding, Model


def _no_rrsa(kind: object) -> object:
    if kind == "rrsa":
        raise refuse(
            "is rrsa, which can't be: Vault's alicloudkms seal takes no OIDC token",
            "write keys (rotated), assumed-role or instance-role",
        )
    return kind


SealIdentity = Literal["keys", "assumed-role", "instance-role"]


class Alicloud(Model):
    """An Alibaba Cloud account."""

    kind: Annotated[Literal["alicloud"], Field(description="Which cloud.")]
    region: Annotated[
        Text,
        shape(r"^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$", "a region of Alibaba Cloud's", "eu-central-1"),
        Field(description="Where keys and buckets live."),
    ]
    account_id: Annotated[
        Text,
        shape(
            r"^[0-9]{10,20}$", "the account's number (UID), 16 digits in quotes", "1234567890123456"
        ),
        Field(description="The account's number, in quotes: YAML would read a number."),
    ]
    kms_instance: Annotated[
        Annotated[Text, shape(r"^kst-[A-Za-z0-9]+$", "a KMS instance's id", "kst-hzz1234567890")]
        | None,
        Field(
            description="The KMS instance that keys are made in, which must take calls through KMS's shared"
            " gateway. Without it keys are shared ones, of which a region has few."
        ),
    ] = None
    kms_protection: Annotated[
        Literal["software", "hardware"],
        Field(description="The KMS instance's kind. A hardware one's keys do not rotate."),
    ] = "software"
    key_rotation_days: Annotated[
        Whole, Field(ge=7, le=365, description="How often keys rotate; 365 where they are shared.")
    ] = 365
    network: Annotated[
        Literal["public", "vpc"],
        Field(
            description="How servers reach KMS: by its public address, or by kms-vpc.<region>.aliyuncs.com"
            " within their VPC."
        ),
    ] = "public"
    seal_identity: Annotated[
        SealIdentity,
        BeforeValidator(_no_rrsa),
        Field(
            description="Where the servers' own identity comes from: keys, a RAM user's access key, rotated,"
            " in a Secret; assumed-role, a role that this key takes, at sts.aliyuncs.com; instance-role, the"
            " machines' RAM role, which everything on them has. RRSA is none: the seal can't use it."
        ),
    ] = "keys"
    seal_key_days: Annotated[
        Whole,
        Field(
            ge=1,
            le=365,
            description="How long a key of the seal's user is handed out; it works as long again. Run `pulumi up`"
            " and `python -m ops roll` at least that often.",
        ),
    ] = 90
    instance_role: Annotated[
        Annotated[
            Text,
            shape(r"^[A-Za-z0-9.-]{1,64}$", "a RAM role's name", "KubernetesWorkerRole-example"),
        ]
        | None,
        Field(
            description="instance-role: the name of the machines' RAM role. It is granted the seal key."
        ),
    ] = None
    cluster_id: Annotated[
        Annotated[
            Text,
            shape(r"^c[0-9a-z]{1,63}$", "an ACK cluster's id", "c0123456789abcdef0123456789abcdef"),
        ]
        | None,
        Field(
            description="The ACK cluster, with RRSA switched on: services' pods get a role with the rights of"
            " their keys."
        ),
    ] = None
    program_service_account: Annotated[
        ServiceId | None,
        Field(
            description="Namespace and name of the ServiceAccount that runs this program in that cluster: it"
            " gets a role that may take custody's."
        ),
    ] = None
    bucket: Annotated[
        Bucket | None,
        Field(description="The custody bucket; strongroom-custody-<accountId>-<stack> by default."),
    ] = None
    deletion_window_days: Annotated[
        Whole, Field(ge=7, le=366, description="How long a deleted key can be brought back.")
    ] = 30

    @property
    def is_emulator(self) -> bool:
        """Whether the cloud is answered on this machine: there is no such emulator."""
        return False

    def findings(self) -> Iterator[Finding]:
        """Hold what concerns two fields."""
        if self.kms_instance is None:
            if self.kms_protection == "hardware":
                yield ("kmsProtection",), "means nothing without kmsInstance", "write kmsInstance"
            if self.key_rotation_days != 365:  # noqa: PLR2004  KMS's own
                wrong = "is another than 365, which is how often shared keys rotate"
                yield ("keyRotationDays",), wrong, "delete it, or write kmsInstance"
        if self.kms_protection == "hardware" and "key_rotation_days" in self.model_fields_set:
            wrong = "means nothing for a hardware instance, whose keys do not rotate"
            yield ("keyRotationDays",), wrong, "delete it"
        if self.seal_identity == "instance-role":
            if self.instance_role is None:
                wrong = "is missing with sealIdentity instance-role"
                yield ("instanceRole",), wrong, "write the machines' role"
            if "seal_key_days" in self.model_fields_set:
                wrong = "means nothing with sealIdentity instance-role"
                yield ("sealKeyDays",), wrong, "delete it"
        elif self.instance_role is not None:
            wrong = f"means nothing with sealIdentity {self.seal_identity}"
            yield ("instanceRole",), wrong, "delete it"
        if self.program_service_account is not None and self.cluster_id is None:
            wrong = "means nothing without clusterId"
            yield ("programServiceAccount",), wrong, "write the cluster's id"
