"""What one service needs to use one bucket: two users with the same rights, and a key of each in turn.

Time is cut into periods of `rotate_seconds`, counted from 1970. A key belongs to one period: that of an
even number to user `even`, the next to user `odd`. Declared are the key of this period, which services
get, and that of the period before, which still works: whoever read it has a whole period to read anew.
When a period begins, the next `up` makes its key, hands it out and, at its end, deletes the oldest.

* The very first `up` finds no key of the period before and makes one that nobody ever gets; it goes with
  the second rotation. A program that knows nothing of the state can't tell that this is the first.
* Run `up` at least once a period. After a longer pause both keys change in one run, and what runs with an
  old one fails until it has read anew. The same if `rotate` is changed: periods are then counted anew.
* IAM takes some seconds to know a new key everywhere: whoever reads it at once tries again.
* A run that dies after making a key leaves one too many; the next one deletes it. Left alone for two more
  periods its user is full, and AWS says so (LimitExceeded): delete the older key by hand.
* Why two users: a user may have two keys, and a new one is made before an old one is deleted. Why a name
  per period and no `replacement_trigger`: `refresh --run-program` and `up --refresh` write the new trigger
  into the state without replacing anything (Pulumi 3.250's source), so the key would never change.
"""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.cloud.aws import documents, names
from components.cloud.rotation import Slot, slots


@dataclass(frozen=True, kw_only=True)
class ApplicationCredentialArgs:
    """Whose credential, for which bucket, until when."""

    stack: str
    region: str
    endpoint: str | None
    owner: str
    """Who uses it, as part of the users' names: `shop.orders.invoices`."""
    bucket: pulumi.Input[str]
    bucket_arn: str
    access: Literal["read", "read-write"]
    rotate_seconds: int
    now: float
    keep: bool


class ApplicationCredential(pulumi.ComponentResource):
    """Two users, their one policy each, and the keys of this period and the last."""

    fields: pulumi.Output[dict[str, str]]
    """Secret. What the service reads: bucket, region, access_key_id, secret_access_key (endpoint)."""

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
        if args.endpoint is not None:
            fields["endpoint"] = args.endpoint
        # Handed out once the user may do what the key is for.
        known = pulumi.Output.all(fields=fields, allowed=allowed.id)
        self.fields = pulumi.Output.secret(known.apply(lambda all_: dict(all_["fields"])))
        self.register_outputs({})

    def _key(
        self, name: str, args: ApplicationCredentialArgs, slot: Slot
    ) -> tuple[aws.iam.AccessKey, aws.iam.UserPolicy]:
        child = pulumi.ResourceOptions(parent=self)
        user = aws.iam.User(
            f"{name}-{slot.user}",
            name=names.iam_name(args.stack, args.owner, f"-{slot.user}"),
            # Keys that somebody made by hand must not hold up the removal of a service.
            force_destroy=not args.keep,
            opts=child,
        )
        allowed = aws.iam.UserPolicy(
            f"{name}-{slot.user}-grant",
            name="strongroom",
            user=user.name,
            policy=documents.to_json(
                documents.application_grant(bucket=args.bucket_arn, access=args.access)
            ),
            opts=child,
        )
        key = aws.iam.AccessKey(f"{name}-key-{slot.period}", user=user.name, opts=child)
        return key, allowed
