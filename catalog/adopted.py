"""A file of what a Vault held before this program: kept word for word, in Vault's own words.

`python -m ops adopt` writes it. Entry by entry it is replaced by services, which have narrower acls.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mistakes.shapes import Label, Text, Whole, YesNo, refuse, shape

# No `*` and `+`, which would make a pattern of a path in the account's acl.
MountPath = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_-])?(/[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_-])?)*$",
        "a mount's path, no slash at either end",
        "secret",
        256,
    ),
]
RoleName = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_-])?$",
        "a role's name: letters, digits, dots, underscores and hyphens",
        "orders",
        256,
    ),
]


def _of_nobody(name: str) -> str:
    if name in ("root", "default", "default-ceiling"):
        raise refuse("is Vault's own", "delete it")
    if name.startswith(("svc-", "team-")):
        raise refuse("is the acl of a service or a team", "write their file instead")
    return name


AclName = Annotated[
    Text,
    shape(
        r"^[a-z0-9_][a-z0-9._:@-]*(/[a-z0-9_][a-z0-9._:@-]*)*$",
        "an acl's name as Vault keeps it, in lower case",
        "orders",
        256,
    ),
    AfterValidator(_of_nobody),
]
Texts = tuple[Text, ...]


class _Verbatim(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class AdoptedMountEntry(_Verbatim):
    """A KV mount that is there: its secrets stay what they are."""

    options: Annotated[
        dict[Text, Text], Field(description="Its options as Vault has them: version.")
    ] = {}
    description: Annotated[Text, Field(description="Its description.")] = ""


class _Token(_Verbatim):
    token_policies: Annotated[Texts | None, Field(description="The acls it gives.")] = None
    token_ttl: Annotated[Whole | None, Field(description="Seconds.")] = None
    token_max_ttl: Annotated[Whole | None, Field(description="Seconds.")] = None
    token_explicit_max_ttl: Annotated[Whole | None, Field(description="Seconds.")] = None
    token_period: Annotated[Whole | None, Field(description="Seconds.")] = None
    token_num_uses: Annotated[Whole | None, Field(description="How often a token works.")] = None
    token_no_default_policy: Annotated[
        YesNo | None, Field(description="Whether it leaves acl default out.")
    ] = None
    token_bound_cidrs: Annotated[Texts | None, Field(description="Where a token works.")] = None
    token_type: Annotated[Text | None, Field(description="service or batch.")] = None


class AdoptedKubernetesRole(_Token):
    """A role of the kubernetes login method."""

    bound_service_account_names: Annotated[
        Texts, Field(description="ServiceAccounts.", examples=[["orders"]])
    ]
    bound_service_account_namespaces: Annotated[
        Texts | None, Field(description="Their namespaces.")
    ] = None
    audience: Annotated[Text | None, Field(description="Whom tokens are made for.")] = None
    alias_name_source: Annotated[Text | None, Field(description="What names the alias.")] = None


class AdoptedJwtRole(_Token):
    """A role of the jwt login method."""

    user_claim: Annotated[Text, Field(description="The claim that names who logs in.")]
    role_type: Annotated[Literal["jwt"], Field(description="No oidc.")] = "jwt"
    bound_audiences: Annotated[Texts | None, Field(description="Whom tokens are made for.")] = None
    bound_subject: Annotated[Text | None, Field(description="Whose tokens.")] = None
    bound_claims: Annotated[
        dict[Text, Text] | None,
        Field(description="Claim -> the values that it may have, separated by commas."),
    ] = None
    bound_claims_type: Annotated[Text | None, Field(description="string or glob.")] = None
    claim_mappings: Annotated[dict[Text, Text] | None, Field(description="Claim -> metadata.")] = (
        None
    )
    groups_claim: Annotated[Text | None, Field(description="The claim with groups.")] = None
    clock_skew_leeway: Annotated[int | None, Field(description="Seconds.")] = None
    expiration_leeway: Annotated[int | None, Field(description="Seconds.")] = None
    not_before_leeway: Annotated[int | None, Field(description="Seconds.")] = None


class AdoptedKubernetes(_Verbatim):
    """A kubernetes login method; its configuration is left alone."""

    kind: Annotated[Literal["kubernetes"], Field(description="Which login method.")]
    description: Annotated[Text, Field(description="Its description.")] = ""
    roles: Annotated[dict[RoleName, AdoptedKubernetesRole], Field(description="Its roles.")] = {}


class AdoptedJwt(_Verbatim):
    """A jwt login method; its configuration is left alone."""

    kind: Annotated[Literal["jwt"], Field(description="Which login method.")]
    description: Annotated[Text, Field(description="Its description.")] = ""
    roles: Annotated[dict[RoleName, AdoptedJwtRole], Field(description="Its roles.")] = {}


class AdoptedFile(_Verbatim):
    """What a Vault held before this program, kept word for word."""

    adopted: Annotated[Label, Field(description="What people call it.", examples=["before"])]
    mounts: Annotated[dict[MountPath, AdoptedMountEntry], Field(description="KV mounts.")] = {}
    methods: Annotated[
        dict[
            MountPath,
            Annotated[AdoptedKubernetes | AdoptedJwt, Field(discriminator="kind")],
        ],
        Field(description="Login methods, with their roles."),
    ] = {}
    acls: Annotated[dict[AclName, Text], Field(description="Acls: their text.")] = {}
