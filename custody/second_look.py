"""Before a cluster is given up: look again for as long as another machine's copy of init's answer may take.

Between init and the first copy in the bucket a cluster looks as if nobody could ever own it. So looks one whose run
on another machine is in that very moment, and the commands that empty a cluster would then destroy a good one.
"""

from collections.abc import Callable
from contextlib import suppress

from custody.errors import CustodyError
from custody.states import Observation
from custody.vault import wait_until

# A run waits a minute for init's answer (vault.py), then makes three attempts of twenty seconds to store it
# (aws_clients.py); its file is written in between.
COPY_SECONDS = 120.0
_TELL_EVERY = 15.0
_PAUSE = 1.0


def await_copy(
    look: Callable[[], Observation], patience: float, tell: Callable[[str], None]
) -> None:
    """Return once `patience` seconds have passed in which custody stayed empty.

    `tell` is called every fifteen seconds with what is being done. A look that fails is no reason to end: the next
    one may not.

    Raises:
        CustodyError: as soon as custody holds anything: some run is under way, or was.

    """

    def arrived() -> bool:
        with suppress(CustodyError):
            seen = look()
            return seen.anything or seen.owner is not None
        return False

    left = patience
    while True:
        tell(f"look whether another run stores init's answer, for {left:.0f} s")
        if wait_until(arrived, min(left, _TELL_EVERY), pause=_PAUSE):
            raise CustodyError(
                "init's answer has just reached custody: another run is under way, perhaps on another machine",
                "let it end, then run again",
            )
        left -= _TELL_EVERY
        if left <= 0:
            return
