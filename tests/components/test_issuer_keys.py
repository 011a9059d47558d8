"""The resource behind fetched keys. That a real API server is understood is test_two_api_servers.py's."""

from typing import Any

import pytest

from components.dynamic_errors import ToldError
from components.issuer_keys import IssuerKeysProvider
from reach import issuer
from reach.errors import ReachError
from reach.issuer import Issuer

INPUTS = {"cluster": "edge", "context": "edge", "expected_issuer": None}
FIRST = Issuer(issuer="https://edge", keys=("key one",))


class Server:
    """What the API server answers."""

    says: Issuer | ReachError = FIRST

    def __call__(self, context: str) -> Issuer:
        assert context
        if isinstance(self.says, ReachError):
            raise self.says
        return self.says


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(issuer, "issuer_of", made)
    return made


def _created() -> dict[str, Any]:
    return dict(IssuerKeysProvider().create(dict(INPUTS)).outs or {})


def _changes(olds: dict[str, Any], **news: Any) -> bool:
    return bool(IssuerKeysProvider().diff("edge", olds, {**INPUTS, **news}).changes)


def _updated(olds: dict[str, Any], **news: Any) -> dict[str, Any]:
    return dict(IssuerKeysProvider().update("edge", olds, {**INPUTS, **news}).outs or {})


def test_nothing_changes_while_the_api_server_says_the_same(server: Server) -> None:
    del server
    made = _created()

    assert (made["issuer"], made["keys"]) == ("https://edge", ["key one"])
    assert _changes(made) is False


def test_other_keys_are_a_change_and_those_of_before_are_dropped(server: Server) -> None:
    made = _created()
    server.says = Issuer(issuer="https://edge", keys=("key two",))

    assert _changes(made) is True
    assert _updated(made)["keys"] == ["key two"]


def test_silence_keeps_the_keys_and_is_said(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    made = _created()
    server.says = ReachError("no answer; check the context")

    assert _changes(made) is False
    assert "cluster edge: no answer" in capsys.readouterr().err
    assert _changes(made, context="other") is True
    with pytest.raises(ToldError, match="cluster edge: no answer"):
        _updated(made)


def test_silence_at_first_is_an_error(server: Server) -> None:
    server.says = ReachError("no answer; check the context")

    with pytest.raises(ToldError, match="cluster edge: no answer"):
        _created()


def test_another_cluster_behind_the_same_context_is_refused(server: Server) -> None:
    made = _created()
    server.says = Issuer(issuer="https://elsewhere", keys=("key one",))

    for asked in (_changes, _updated):
        with pytest.raises(ToldError, match="issued as https://edge and issues as https://else"):
            asked(made)
    assert _changes(made, expected_issuer="https://elsewhere") is True
    moved = _updated(made, expected_issuer="https://elsewhere")
    assert moved["issuer"] == "https://elsewhere"


def test_an_issuer_that_was_said_is_the_only_one(server: Server) -> None:
    del server
    said = {**INPUTS, "expected_issuer": "https://elsewhere"}

    with pytest.raises(ToldError, match=r"clusters.edge.access.issuer is https://elsewhere, and"):
        IssuerKeysProvider().create(said)
