"""IAM: what lets somebody in: access keys and OIDC providers."""

from typing import Any

from sandbox.plugins.aws.client import Aws, none_if
from sandbox.plugins.aws.iam import GONE, retag
from sandbox.plugins.aws.kinds import TAGS, AwsKind, from_tags, to_tags
from sandbox.plugins.errors import IncompleteError
from sandbox.plugins.kind import Made, Property, Values, properties, same_set


class AccessKey(AwsKind):
    """A user's access key. AWS tells its secret once: only the state has it afterwards, encrypted."""

    properties = properties(
        Property(name="user", immutable=True),
        Property(name="status", default="Active"),
        Property(name="createDate", output=True),
        Property(name="secret", output=True, secret=True, unread=True),
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        iam = client.of("iam")
        made = iam.create_access_key(UserName=inputs["user"])["AccessKey"]
        identity = made["AccessKeyId"]
        told = {"createDate": _moment(made["CreateDate"]), "secret": made["SecretAccessKey"]}
        if inputs["status"] != "Active":
            try:
                self.update_(client, identity, {}, inputs)
            except Exception as error:
                # The secret is told only once: what was told must not be lost.
                raise IncompleteError(
                    identity, {**inputs, **told, "status": "Active"}, error
                ) from error
        return Made(identity=identity, state={**inputs, **told})

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Find it among its user's; an import asks for the user first."""
        iam = client.of("iam")
        user, keys = state.get("user"), []
        with none_if(GONE):
            user = user or iam.get_access_key_last_used(AccessKeyId=identity)["UserName"]
            keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        for each in keys:
            if each["AccessKeyId"] == identity:
                made = _moment(each["CreateDate"])
                return {"user": user, "status": each["Status"], "createDate": made}
        return None

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:  # noqa: ARG002
        """Switch it on or off."""
        client.of("iam").update_access_key(
            UserName=inputs["user"], AccessKeyId=identity, Status=inputs["status"]
        )

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it."""
        with none_if(GONE):
            client.of("iam").delete_access_key(UserName=state["user"], AccessKeyId=identity)


def _moment(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _same_url(old: Any, new: Any) -> bool:
    """IAM drops the scheme."""
    return str(old or "").removeprefix("https://") == str(new or "").removeprefix("https://")


class OpenIdConnectProvider(AwsKind):
    """An issuer whose tokens may assume roles; its id is its ARN."""

    properties = properties(
        Property(name="url", immutable=True, same=_same_url),
        Property(name="clientIdLists", same=same_set),
        Property(name="thumbprintLists", computed=True),
        Property(name="arn", output=True),
        *TAGS,
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        thumbprints = inputs.get("thumbprintLists")
        identity = client.of("iam").create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            Tags=to_tags(inputs.get("tags")),
            **({"ThumbprintList": thumbprints} if thumbprints else {}),
        )["OpenIDConnectProviderArn"]
        return Made(identity=identity, state=self.now(client, identity, inputs))

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:  # noqa: ARG002
        """Read it."""
        found: dict[str, Any] = {}
        with none_if(GONE):
            found = client.of("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=identity)
        if not found:
            return None
        return {
            "url": found["Url"],
            "clientIdLists": found["ClientIDList"],
            "thumbprintLists": found.get("ThumbprintList", []),
            "arn": identity,
            **from_tags(found.get("Tags", [])),
        }

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:
        """Change what differs."""
        iam, name = client.of("iam"), {"OpenIDConnectProviderArn": identity}
        changed = self.changed(state, inputs)
        if "thumbprintLists" in changed:
            iam.update_open_id_connect_provider_thumbprint(
                **name, ThumbprintList=inputs["thumbprintLists"]
            )
        if "clientIdLists" in changed:
            old, new = set(state.get("clientIdLists") or []), set(inputs["clientIdLists"])
            for each in sorted(new - old):
                iam.add_client_id_to_open_id_connect_provider(**name, ClientID=each)
            for each in sorted(old - new):
                iam.remove_client_id_from_open_id_connect_provider(**name, ClientID=each)
        if "tags" in changed:
            retag(iam, "open_id_connect_provider", name, state, inputs)

    def delete_(self, client: Aws, identity: str, state: Values) -> None:  # noqa: ARG002
        """Delete it."""
        with none_if(GONE):
            client.of("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=identity)
