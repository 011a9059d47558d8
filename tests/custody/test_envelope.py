import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody import envelope
from custody.envelope import Answer, DataKey
from custody.errors import CustodyError
from custody.secret import Secret

KEY = DataKey(plaintext=bytes(range(32)), wrapped=b"wrapped by kms")
ANSWER = Answer(
    keys=(Secret("key-number-one"), Secret("key-number-two")),
    root_token=Secret("the-root-token"),
)


@given(keys=st.lists(st.text(), min_size=1, max_size=9), token=st.text())
def test_what_is_sealed_opens_as_it_was(keys: list[str], token: str) -> None:
    answer = Answer(keys=tuple(map(Secret, keys)), root_token=Secret(token))

    sealed = envelope.seal(answer, intent="i", key=KEY)
    opened = envelope.unseal(sealed, intent="i", key=KEY.plaintext)

    assert envelope.wrapped_key(sealed, intent="i") == KEY.wrapped
    assert [each.reveal() for each in opened.keys] == keys
    assert opened.root_token.reveal() == token


def test_the_envelope_shows_nothing_of_its_content() -> None:
    sealed = envelope.seal(ANSWER, intent="i", key=KEY)

    for hidden in (b"key-number", b"root-token", b"recovery", KEY.plaintext):
        assert hidden not in sealed
    assert envelope.seal(ANSWER, intent="i", key=KEY) != sealed


def test_a_changed_envelope_never_opens_as_anything_else() -> None:
    sealed = envelope.seal(ANSWER, intent="i", key=KEY)
    refused = 0
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        try:
            opened = envelope.unseal(changed, intent="i", key=KEY.plaintext)
        except CustodyError:
            refused += 1
        else:
            # The field with the wrapped key is not looked at here: KMS refuses a changed one.
            assert opened.root_token == ANSWER.root_token
    assert refused > len(sealed) / 2


@pytest.mark.parametrize("cut", [0, 1, 50, 200])
def test_half_an_envelope_is_refused(cut: int) -> None:
    sealed = envelope.seal(ANSWER, intent="i", key=KEY)[:cut]

    with pytest.raises(CustodyError, match="damaged"):
        envelope.unseal(sealed, intent="i", key=KEY.plaintext)


def test_another_intents_envelope_is_refused() -> None:
    sealed = envelope.seal(ANSWER, intent="theirs", key=KEY)

    with pytest.raises(CustodyError, match="another bootstrap"):
        envelope.unseal(sealed, intent="ours", key=KEY.plaintext)
    with pytest.raises(CustodyError, match="damaged"):
        envelope.unseal(sealed.replace(b"theirs", b"ours"), intent="ours", key=KEY.plaintext)


def test_another_key_is_refused_and_the_error_holds_no_plaintext() -> None:
    sealed = envelope.seal(ANSWER, intent="i", key=KEY)

    with pytest.raises(CustodyError, match="damaged") as refused:
        envelope.unseal(sealed, intent="i", key=bytes(32))

    assert refused.value.__context__ is None


def test_the_file_is_the_owners_alone_and_whole(tmp_path: Path) -> None:
    path = envelope.local_path(tmp_path / "new" / "custody", "some-intent")

    envelope.write_durably(path, b"first")
    envelope.write_durably(path, b"second")

    assert envelope.read_if_there(path) == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    envelope.remove_durably(path)
    envelope.remove_durably(path)
    assert envelope.read_if_there(path) is None


def test_file_and_directory_are_flushed_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    envelope.write_durably(tmp_path / "custody" / "envelope", b"content")

    assert [name.partition("envelope")[0] for name in flushed] == [".", "custody", tmp_path.name]


def test_a_directory_that_cannot_be_written_is_found_before_init(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CustodyError, match=r"can't be written .*custody\.directory"):
        envelope.prove_writable(tmp_path / "file")
