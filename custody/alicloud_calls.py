"""Who calls Alibaba Cloud for custody, and how often a call is made."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import tenacity

from custody.alicloud_clients import TRANSIENT, UNSETTLED, Identity, Key, ambient, translation
from custody.errors import RefusedError, UnreachableError, translated
from custody.request import AlicloudCustody

Result = TypeVar("Result")

_SESSION = "strongroom-custody"
_SEAL_SESSION = "strongroom-seal"
ATTEMPTS = 3


class Calls:
    """Identities, each taken when first used, and calls, each of whose failures is a CustodyError."""

    def __init__(
        self, place: AlicloudCustody, *, patience: float, on_wait: Callable[[], None]
    ) -> None:
        self.place = place
        self._settled_at = time.monotonic() + patience
        self._on_wait = on_wait

    @cached_property
    def writer(self) -> Identity:
        """Give who encrypts, puts, lists and clears away."""
        return self._assumed("own", self._own, self.place.writer_role, f"{_SESSION}-writer")

    @cached_property
    def reader(self) -> Identity:
        """Give who lists, gets and decrypts."""
        return self._assumed("own", self._own, self.place.reader_role, f"{_SESSION}-reader")

    @cached_property
    def servers(self) -> Identity:
        """Give who unseals: the servers' own key, or the role that it takes; without a key this process."""
        given = self.place.seal_credentials
        if not given:
            return self._own
        key = Key(id=given["ALICLOUD_ACCESS_KEY"].reveal(), secret=given["ALICLOUD_SECRET_KEY"])
        servers = Identity(key, self.place)
        if self.place.seal_role is None:
            return servers
        return self._assumed("key", servers, self.place.seal_role, _SEAL_SESSION)

    @cached_property
    def _own(self) -> Identity:
        return self.call("own", "credentials", "Alibaba Cloud", lambda: ambient(self.place))

    def _assumed(self, who: str, identity: Identity, role: str, session: str) -> Identity:
        return self.call(who, "sts:AssumeRole", role, lambda: identity.assumed(role, session))

    def call(
        self,
        who: str,
        action: str,
        resource: str,
        call: Callable[[], Result],
        *,
        once: bool = False,
    ) -> Result:
        """Make a call; again while RAM may not have spread a permission, and, unless `once`, where that may help."""
        translate = translation(self.place, who, action, resource)

        def again(state: tenacity.RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, RefusedError) and error.reason in UNSETTLED:
                return time.monotonic() < self._settled_at
            passing = isinstance(error, UnreachableError) or (
                isinstance(error, RefusedError) and error.reason in TRANSIENT
            )
            return passing and not once and state.attempt_number < ATTEMPTS

        attempts = tenacity.Retrying(
            retry=again,
            wait=tenacity.wait_exponential(multiplier=0.25, max=4),
            before_sleep=lambda _state: self._on_wait(),
            reraise=True,
        )
        result: Result = attempts(translated, call, translate)
        return result
