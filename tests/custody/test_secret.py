import copy
import json
import pickle
import traceback
from collections.abc import Callable

import pytest

from custody.envelope import Answer, DataKey
from custody.request import Account
from custody.secret import Secret

HIDDEN = "what-nobody-may-see"


@pytest.mark.parametrize(
    "show",
    [repr, str, "{}".format, "{!r}".format, "{:>40}".format, "%s".__mod__, ascii],
)
def test_a_secret_shows_itself_in_no_text(show: Callable[[object], str]) -> None:
    account = Account(
        mount="m", name="n", password=Secret(HIDDEN), acl_name="a", acl="", cidrs=("::/0",)
    )
    answer = Answer(keys=(Secret(HIDDEN),), root_token=Secret(HIDDEN))
    key = DataKey(plaintext=HIDDEN.encode(), wrapped=b"")

    assert HIDDEN not in show(Secret(HIDDEN))
    for holder in (account, answer, key):
        assert HIDDEN not in repr(holder)


@pytest.mark.parametrize("leak", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_neither_serialised_nor_copied(leak: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as refused:
        leak(Secret(HIDDEN))

    assert HIDDEN not in "".join(traceback.format_exception(refused.value))


def test_secrets_are_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError):
        hash(Secret("a"))
