"""A catalogue file as people write it. Only the reader sees these models; everything else sees `catalog.model`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mistakes.shapes import (
    Bucket,
    ConfigKey,
    Duration,
    FieldName,
    KeyValuePath,
    Label,
    PersonName,
    ServiceId,
    YesNo,
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


class ServiceFile(_File):
    """One service: one ServiceAccount, one role, one acl, one key-value path."""

    service: Annotated[Label, Field(description="The service's name, and its ServiceAccount's.")]
    namespace: Annotated[
        Label, Field(description="The Kubernetes namespace it runs in.", examples=["shop"])
    ]
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
