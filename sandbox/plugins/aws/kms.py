"""KMS keys and their aliases."""

from typing import Any

from sandbox.plugins.aws.client import Aws, none_if
from sandbox.plugins.aws.kinds import (
    REGION,
    TAGS,
    AwsKind,
    from_tags,
    gone_tags,
    same_document,
    to_tags,
)
from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Made, Property, Values, properties

_POLICY = "default"
_GONE = ("PendingDeletion", "PendingReplicaDeletion")
_TAG = ("TagKey", "TagValue")


class Key(AwsKind):
    """A deleted key is scheduled for deletion, and counts as gone from then on."""

    properties = properties(
        Property(name="description"),
        Property(name="policy", computed=True, same=same_document),
        Property(name="enableKeyRotation", default=False),
        Property(name="rotationPeriodInDays", computed=True),
        Property(name="deletionWindowInDays", own=True),
        Property(name="isEnabled", default=True),
        Property(name="keyUsage", immutable=True, default="ENCRYPT_DECRYPT"),
        Property(name="customerMasterKeySpec", immutable=True, default="SYMMETRIC_DEFAULT"),
        Property(name="multiRegion", immutable=True, computed=True),
        Property(name="bypassPolicyLockoutSafetyCheck", own=True, default=False),
        Property(name="arn", output=True),
        Property(name="keyId", output=True),
        *TAGS,
        REGION,
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it and set its rotation; if the latter fails the key is recorded all the same."""
        kms = client.of("kms", inputs.get("region"))
        asked: dict[str, Any] = {
            "Description": inputs.get("description", ""),
            "KeyUsage": inputs["keyUsage"],
            "KeySpec": inputs["customerMasterKeySpec"],
            "MultiRegion": inputs.get("multiRegion", False),
            "BypassPolicyLockoutSafetyCheck": inputs["bypassPolicyLockoutSafetyCheck"],
            "Tags": to_tags(inputs.get("tags"), *_TAG),
        }
        if "policy" in inputs:
            asked["Policy"] = inputs["policy"]
        made = kms.create_key(**asked)["KeyMetadata"]
        identity = made["KeyId"]
        try:
            self._switch(kms, identity, {"isEnabled": True}, inputs)
            return Made(identity=identity, state=self.now(client, identity, inputs))
        except Exception as error:
            state = {**inputs, "arn": made["Arn"], "keyId": identity}
            raise IncompleteError(identity, state, error) from error

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Read it."""
        kms = client.of("kms", state.get("region"))
        found: dict[str, Any] = {}
        with none_if("NotFoundException"):
            found = kms.describe_key(KeyId=identity)["KeyMetadata"]
        if not found or found["KeyState"] in _GONE:
            return None
        rotation: dict[str, Any] = {}
        if found.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT":
            rotation = kms.get_key_rotation_status(KeyId=identity)
        return {
            "description": found.get("Description", ""),
            "policy": kms.get_key_policy(KeyId=identity, PolicyName=_POLICY)["Policy"],
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "isEnabled": found["KeyState"] != "Disabled",
            "keyUsage": found["KeyUsage"],
            "customerMasterKeySpec": found.get("KeySpec") or found.get("CustomerMasterKeySpec"),
            "multiRegion": found.get("MultiRegion", False),
            "arn": found["Arn"],
            "keyId": found["KeyId"],
            **from_tags(kms.list_resource_tags(KeyId=identity)["Tags"], *_TAG),
        }

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:
        """Change what differs; a disabled key is enabled first, and disabled last."""
        kms = client.of("kms", inputs.get("region"))
        changed = self.changed(state, inputs)
        if "description" in changed:
            kms.update_key_description(KeyId=identity, Description=inputs.get("description", ""))
        if "policy" in changed:
            kms.put_key_policy(
                KeyId=identity,
                PolicyName=_POLICY,
                Policy=inputs["policy"],
                BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
            )
        if "tags" in changed:
            if gone := gone_tags(state, inputs):
                kms.untag_resource(KeyId=identity, TagKeys=gone)
            if inputs.get("tags"):
                kms.tag_resource(KeyId=identity, Tags=to_tags(inputs["tags"], *_TAG))
        self._switch(kms, identity, state, inputs)

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Schedule its deletion, after the declared number of days."""
        window = state.get("deletionWindowInDays")
        with none_if("NotFoundException", "KMSInvalidStateException"):
            client.of("kms", state.get("region")).schedule_key_deletion(
                KeyId=identity, **({"PendingWindowInDays": window} if window else {})
            )

    def _switch(self, kms: Any, identity: str, state: Values, inputs: Values) -> None:
        changed = self.changed(state, inputs)
        if "isEnabled" in changed and inputs["isEnabled"]:
            kms.enable_key(KeyId=identity)
        if "enableKeyRotation" in changed or "rotationPeriodInDays" in changed:
            if inputs["enableKeyRotation"]:
                days = inputs.get("rotationPeriodInDays")
                period = {"RotationPeriodInDays": days} if days else {}
                kms.enable_key_rotation(KeyId=identity, **period)
            else:
                kms.disable_key_rotation(KeyId=identity)
        if "isEnabled" in changed and not inputs["isEnabled"]:
            kms.disable_key(KeyId=identity)


def _same_key(old: Any, new: Any) -> bool:
    """A key's id and its ARN name one key."""
    return bool(old) and bool(new) and str(old).rpartition("/")[2] == str(new).rpartition("/")[2]


class Alias(AwsKind):
    """A name for a key; may be pointed at another one."""

    properties = properties(
        Property(name="name", immutable=True, computed=True),
        Property(name="targetKeyId", same=_same_key),
        Property(name="arn", output=True),
        Property(name="targetKeyArn", output=True, volatile=True),
        REGION,
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        name = inputs.get("name")
        if not name:
            raise RefusedError("aws:kms/alias:Alias of the sandbox needs a name")
        client.of("kms", inputs.get("region")).create_alias(
            AliasName=name, TargetKeyId=inputs["targetKeyId"]
        )
        return Made(identity=name, state=self.now(client, name, inputs))

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:
        """Find it: there is no call for a single one."""
        kms = client.of("kms", state.get("region"))
        for page in kms.get_paginator("list_aliases").paginate():
            for each in page["Aliases"]:
                if each["AliasName"] == identity:
                    key = each["TargetKeyId"]
                    arn = str(each["AliasArn"])
                    return {
                        "name": identity,
                        "targetKeyId": key,
                        "arn": arn,
                        "targetKeyArn": arn.replace(identity, f"key/{key}"),
                    }
        return None

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:  # noqa: ARG002
        """Point it at another key."""
        client.of("kms", inputs.get("region")).update_alias(
            AliasName=identity, TargetKeyId=inputs["targetKeyId"]
        )

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it."""
        with none_if("NotFoundException"):
            client.of("kms", state.get("region")).delete_alias(AliasName=identity)
