"""Whether the period of Alibaba Cloud's seal key is being missed: only `pulumi up` makes the next one.

Keys take turns by periods (components/cloud/rotation.py), and an `up` takes away all but those of this period and the
one before. One that comes two periods late takes away the key that the servers run with.
"""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from ops.part import part_of, wrong_part
from ops.stack import Resource
from settings.alicloud import Alicloud
from settings.stack import of_file

# A name ends in the period's number; the parent in the URN tells a seal's key from a service's.
_KEY = re.compile(
    r"urn:pulumi:(?P<stack>[^:]+)::.*strongroom:cloud:SealIdentity\$alicloud:ram/accessKey:AccessKey::.*-key-(?P<period>[0-9]+)"
)
_DAY = 86400
_SOON = 0.25
"""Of a period: how long before its end it is said."""


def overdue(found: Sequence[Resource], root: Path, *, now: float) -> str | None:
    """Give a line that says what to run and until when; None where nothing is due, or no such key is there.

    Raises:
        StackError: if the stack's file does not say how long a period is.

    """
    keys = [matched for each in found if (matched := _KEY.fullmatch(each.urn))]
    if not keys:
        return None
    newest = max(int(each["period"]) for each in keys)
    seconds = _DAY * _days(root, keys[0]["stack"])
    # With the period after the newest key's, that key may go.
    end = (newest + 2) * seconds
    if now < end - _SOON * seconds:
        return None
    day = dt.datetime.fromtimestamp(end, dt.UTC).strftime("%Y-%m-%d")
    if now < end:
        return f"the seal's key is old: run `pulumi up`, then `python -m ops roll`, before {day}"
    return (
        f"the seal's key should have been renewed before {day}: the next `pulumi up` takes away the one that the"
        " servers run with; run `python -m ops roll` right after it, and take no snapshot in between"
    )


def _days(root: Path, name: str) -> int:
    stack = of_file(root, name)
    said = part_of(stack, "cloud").get("sealKeyDays", _DEFAULT)
    if not isinstance(said, int):
        raise wrong_part(stack, "cloud.sealKeyDays")
    return said


_DEFAULT: int = Alicloud.model_fields["seal_key_days"].default
