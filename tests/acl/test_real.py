"""The evaluator beside a real OpenBao. `python -m bench.acl` makes 10,000 comparisons, also with HashiCorp Vault."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acl.default import default_acl
from acl.reader import read
from acl.syntax import AclError
from tests.real.acl_comparison import capability_mismatches, evaluator, request_mismatch
from tests.real.acl_examples import asked, broken, documents, requests_made, restrictions
from tests.real.acl_server import AclServer, running_acl_server

pytestmark = pytest.mark.real

_MANY = settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AclServer]:
    with running_acl_server(tmp_path_factory.mktemp("acl")) as running:
        yield running


def test_capabilities_are_the_server_s(server: AclServer) -> None:
    texts = st.lists(documents(server.identity, server.flavour), min_size=1, max_size=3)

    @_MANY
    @given(texts, asked(server.identity))
    def compare(texts: list[str], paths: list[str]) -> None:
        # None of these notations is refused here and taken there.
        assert capability_mismatches(server, texts, paths) == []

    compare()


def test_nothing_is_read_that_the_server_refuses_nor_in_another_sense(server: AclServer) -> None:
    @_MANY
    @given(broken(documents(server.identity, server.flavour)), asked(server.identity))
    def compare(text: str, paths: list[str]) -> None:
        assert not capability_mismatches(server, [text], paths)

    compare()


def test_what_makes_the_server_hang_up_is_refused_here(server: AclServer) -> None:
    text = 'path "a\\740b" { capabilities = ["read"] }'
    with pytest.raises(AclError, match="line 1"):
        read(text, name="x", flavour=server.flavour)
    # Nothing of it is granted, and the server goes on.
    assert server.write([text]) == [False]
    assert capability_mismatches(server, [text], ["a", "b"]) == []


def test_parameters_and_wrapping_are_judged_as_real_requests_are(server: AclServer) -> None:
    @_MANY
    @given(st.lists(restrictions(), min_size=1, max_size=2), requests_made())
    def compare(texts: list[str], request: tuple[str, dict[str, object], int | None]) -> None:
        assert request_mismatch(server, texts, request) is None

    compare()


@pytest.mark.parametrize("limit", ["1", "2", "3", "max", "x", "-1", ""])
@pytest.mark.parametrize("required", ["", 'required_parameters = ["limit"]'])
def test_limits_of_lists_are_judged_as_real_requests_are(
    server: AclServer, limit: str, required: str
) -> None:
    text = f'path "plain" {{ capabilities = ["list"] pagination_limit = 2 {required} }}'
    ours = evaluator(server, [text])
    assert ours is not None

    query, parameters = (f"?limit={limit}", {"limit": limit}) if limit else ("", {})
    theirs = server.permits("LIST", f"plain/{query}")

    assert ours.decide("list", "plain", parameters=parameters).allowed == theirs


def test_what_every_token_may_do_is_what_the_server_says(server: AclServer) -> None:
    text = server.call("GET", "sys/policies/acl/default").json()["data"]["policy"]
    [theirs] = [evaluator(server, [text])]
    assert theirs is not None

    ours = default_acl(server.flavour)

    assert {each.path: each.capabilities for each in ours.stanzas} == {
        source.stanza.path: rule.capabilities for rule in theirs.rules for source in rule.sources
    }


@pytest.mark.parametrize("words", ['"read", "list"', '"read", "list", "sudo"'])
@pytest.mark.parametrize(
    ("capability", "path"),
    [
        ("read", "sys/audit"), ("read", "sys/auth"), ("read", "sys/auth/jwt"), ("read", "sys/mounts"),
        ("read", "sys/config/cors"), ("read", "sys/policies/acl/p0"), ("list", "sys/policies/acl"),
        ("list", "auth/token/accessors"), ("list", "sys/leases/lookup/x"), ("list", "sys/plugins/catalog/auth"),
        ("read", "sys/plugins/catalog/auth/jwt"), ("read", "sys/internal/inspect/router/root"),
        ("list", "sys/config/ui/headers"), ("read", "sys/raw/x"), ("read", "sys/rotate/config"),
        ("list", "auth/jwt/role"), ("read", "sys/host-info"), ("read", "sys/key-status"),
    ],
)  # fmt: skip
def test_paths_that_want_sudo_besides_are_known(
    server: AclServer, capability: str, path: str, words: str
) -> None:
    ours = evaluator(server, [f'path "*" {{ capabilities = [{words}] }}'])
    assert ours is not None

    theirs = server.permits({"read": "GET", "list": "LIST"}[capability], path)

    assert ours.decide(capability, path).allowed == ours.allows(capability, path) == theirs
