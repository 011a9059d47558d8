"""What one service needs to use one bucket: two users with the same rights, and a key of each in turn.

When which key is handed out stands in components/cloud/rotation.py; what follows from it (the first `up`, pauses, runs
that die) is as on AWS, see components/cloud/aws/application_credential.py. RAM, too, lets a user have two keys.
"""

from dataclasses import dataclass

import pulumi
import pulumi_alicloud as alicloud

from components.cloud.alicloud import names
from components.cloud.alicloud.documents import Document
from components.cloud.alicloud.granted import GrantedUser, GrantedUserArgs
from components.cloud.rotation import Slot, slots


@dataclass(frozen=True, kw_only=True)
class ApplicationCredentialArgs:
    """Whose credential, for which bucket, until when."""

    stack: str
    region: str
    owner: str
    """Who uses it, as part of the users' names: `shop.orders.invoices`."""
    bucket: pulumi.Input[str]
    grant: Document
    rotate_seconds: int
    now: float
    keep: bool


class ApplicationCredential(pulumi.ComponentResource):
    """Two users, their one policy each, and the keys of this period and the last."""

    fields: pulumi.Output[dict[str, str]]
    """Secret. What the service reads: bucket, region, access_key_id, secret_access_key."""

    def __init__(
        self, name: str, args: ApplicationCredentialArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:ApplicationCredential", name, {}, opts)
        current, before = slots(now=args.now, rotate_seconds=args.rotate_seconds)
        key, allowed = self._key(name, args, current)
        self._key(name, args, before)
        fields = {
            "bucket": args.bucket,
            "region": args.region,
            "access_key_id": key.id,
            "secret_access_key": key.secret,
        }
        # Handed out once the user may do what the key is for.
        known = pulumi.Output.all(fields=fields, allowed=allowed)
        self.fields = pulumi.Output.secret(known.apply(lambda all_: dict(all_["fields"])))
        self.register_outputs({})

    def _key(
        self, name: str, args: ApplicationCredentialArgs, slot: Slot
    ) -> tuple[alicloud.ram.AccessKey, pulumi.Output[str]]:
        child = pulumi.ResourceOptions(parent=self)
        user = GrantedUser(
            f"{name}-{slot.user}",
            GrantedUserArgs(
                user=names.ram_name(args.stack, args.owner, f"-{slot.user}"),
                grant=args.grant,
                keep=args.keep,
            ),
            child,
        )
        key = alicloud.ram.AccessKey(f"{name}-key-{slot.period}", user_name=user.user, opts=child)
        return key, user.ready
