"""A catalogue file as people write it. Only the reader sees these models; everything else sees `catalog.model`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalog.model import HOME
from mistakes.document import Path
from mistakes.shapes import (
    Bucket,
    ClusterName,
    ConfigKey,
    Duration,
    FieldName,
    FileName,
    KeyValuePath,
    Label,
    PersonName,
    Possibility,
    ServiceId,
    YesNo,
    refuse_all,
)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SecretReference(_File):
    """Where a secret comes from."""

    config: Annotated[
        ConfigKey,
        Field(description="The stack secret's key, set with `pulumi config set --secret <key>`."),
    ]


class GrantEntry(_File):
    """A bucket of the service's own, with an access key in its key-value path `cloud/<name>`."""

    bucket: Annotated[
        Bucket,
        Field(
            description="The bucket, made for this service; in the cloud it is called"
            " strongroom-<account>-<stack>-<bucket>."
        ),
    ]
    access: Annotated[
        Literal["read", "read-write"], Field(description="What the service may do there.")
    ]
    rotate: Annotated[
        Duration,
        Field(description="How long an access key is the current one: 30d, 12h, 90m, 45s."),
    ] = "30d"


class SecretFileEntry(_File):
    """One file in the pod, made of one secret: whole, or one field of it."""

    secret: Annotated[KeyValuePath, Field(description="Path of a secret below the service's own.")]
    of: Annotated[
        ServiceId | None,
        Field(description="The service whose secret it is; it must share it. This one by default."),
    ] = None
    format: Annotated[
        Literal["json", "env"] | None,
        Field(
            description="json: an object of all fields. env: lines that a shell can source, `export"
            " MAIL_PASSWORD='...'` for field password of secret mail. json by default."
        ),
    ] = None
    field: Annotated[
        FieldName | None, Field(description="This field's value and nothing else.")
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> "SecretFileEntry":
        if self.field and self.format:
            refuse_all([(("format",), "means nothing with field", "delete one of them")])
        return self


class WorkloadEntry(_File):
    """How the service's pod gets its secrets."""

    as_: Annotated[
        Literal["injector", "csi", "external-secret"],
        Field(
            alias="as",
            description="injector: an agent in the pod writes files. csi: a volume of the Secrets"
            " Store CSI driver. external-secret: a Kubernetes Secret, kept by External Secrets.",
        ),
    ]
    mode: Annotated[
        Literal["sidecar", "init"] | None,
        Field(
            description="injector: sidecar follows rotations; init writes once and ends, for jobs."
            " sidecar by default."
        ),
    ] = None
    refresh: Annotated[
        Duration | None,
        Field(
            description="How soon a changed secret is picked up by a sidecar or an external-secret;"
            " 5m by default."
        ),
    ] = None
    files: Annotated[
        dict[FileName, SecretFileEntry],
        Field(description="File -> what is in it. By default every secret of the service's own."),
    ] = {}

    @model_validator(mode="after")
    def _whole(self) -> "WorkloadEntry":
        refuse_all(self._findings())
        return self

    def _findings(self) -> Iterator[tuple[Path, str, str]]:
        if self.mode and self.as_ != "injector":
            yield ("mode",), f"means nothing with as: {self.as_}", "delete it"
        if self.refresh and self.as_ == "csi":
            yield ("refresh",), "is the CSI driver's own setting", "delete it"
        elif self.refresh and self.mode == "init":
            yield ("refresh",), "means nothing with mode: init", "delete it"
        if self.as_ == "csi":
            for name, file in self.files.items():
                if not file.field:
                    wrong = "is a whole secret, and csi gives single fields only"
                    yield ("files", name), wrong, "write its field"


class ExpectEntry(_File):
    """What the acls must come to. A change that breaks it is refused before anything is made."""

    can: Annotated[
        tuple[Possibility, ...],
        Field(description="What must be possible: `read kv/shop/orders/mail`."),
    ] = ()
    cannot: Annotated[tuple[Possibility, ...], Field(description="What must not be possible.")] = ()

    @model_validator(mode="after")
    def _whole(self) -> "ExpectEntry":
        refuse_all(
            (("cannot", index), "is expected to be possible, too", "delete one of them")
            for index, each in enumerate(self.cannot)
            if each in self.can
        )
        return self


class ServiceFile(_File):
    """One service: one ServiceAccount, one role, one acl, one key-value path."""

    service: Annotated[Label, Field(description="The service's name, and its ServiceAccount's.")]
    namespace: Annotated[
        Label, Field(description="The Kubernetes namespace it runs in.", examples=["shop"])
    ]
    clusters: Annotated[
        tuple[ClusterName, ...],
        Field(
            min_length=1,
            description="The clusters that it lives in: home, the servers' own, or names of"
            " strongroom:clusters. home by default.",
            examples=[["home", "edge"]],
        ),
    ] = (HOME,)
    secrets: Annotated[
        dict[
            KeyValuePath,
            Annotated[
                dict[FieldName, SecretReference],
                Field(min_length=1, examples=["{password: {config: mailPassword}}"]),
            ],
        ],
        Field(description="Path below the service's own -> field -> the stack secret it is."),
    ] = {}
    cloud: Annotated[
        dict[Label, GrantEntry], Field(description="Buckets of the service's own, by name.")
    ] = {}
    shares: Annotated[
        dict[KeyValuePath, Annotated[tuple[ServiceId, ...], Field(min_length=1)]],
        Field(description="Path of this service -> the services that may read it too."),
    ] = {}
    workload: Annotated[
        WorkloadEntry | None,
        Field(
            description="How its pod gets its secrets; without, it has a ServiceAccount and a role,"
            " and reads them itself."
        ),
    ] = None
    expect: Annotated[
        ExpectEntry, Field(description="What it must and must not be able to do in Vault.")
    ] = ExpectEntry()


class Member(_File):
    """One person."""

    password: Annotated[SecretReference, Field(description="The stack secret with the password.")]


class TeamFile(_File):
    """People with one acl."""

    team: Annotated[Label, Field(description="The team's name.", examples=["shop"])]
    administrator: Annotated[
        YesNo, Field(description="Whether the team keeps Vault: then it reaches every service.")
    ] = False
    members: Annotated[
        dict[PersonName, Member], Field(description="Who is in it, by user name.")
    ] = {}
    services: Annotated[
        dict[ServiceId, Literal["read", "write"]],
        Field(description="Which services' secrets the team may read, or read and write."),
    ] = {}
    expect: Annotated[
        ExpectEntry, Field(description="What it must and must not be able to do in Vault.")
    ] = ExpectEntry()
