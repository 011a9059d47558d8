"""Comment and issue on GitHub and GitLab, against stand-ins of their APIs."""

from collections.abc import Iterator
from typing import Any

import pytest

from ops.ci.errors import PipelineError
from ops.ci.fitted import LIMIT
from ops.ci.forge import here
from tests.ops.ci.forges import GITHUB, GITLAB, TOKEN, Forge, Kind

_MARKER = "<!-- marker -->"
_OTHERS = [
    {
        "id": number,
        "body": f"comment {number}",
        "user": {"login": "ada"},
        "author": {"username": "ada"},
    }
    for number in range(250)
]


@pytest.fixture(params=[GITHUB, GITLAB], ids=["github", "gitlab"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def forge(kind: Kind) -> Iterator[Forge]:
    with kind.serving() as serving:
        yield serving


def _issue(kind: Kind, number: int, name: str, body: str, **more: Any) -> dict[str, Any]:
    return {
        "number": number, "iid": number, "state": kind.opened, kind.writer: {kind.name: name}, kind.text: body,
        "html_url": "x", "web_url": "x", **more,
    }  # fmt: skip


def test_the_first_comment_is_added_and_the_next_takes_its_place(kind: Kind, forge: Forge) -> None:
    forge.comments += [dict(each) for each in _OTHERS]
    there = here(kind.variables(forge.address))

    address = there.comment(_MARKER, f"{_MARKER}\nfirst")
    again = there.comment(_MARKER, f"{_MARKER}\nsecond")

    assert [each["body"] for each in forge.comments[250:]] == [f"{_MARKER}\nsecond"]
    assert address == again
    assert address.startswith("http")
    # Three pages of a hundred.
    assert sum("comments" in each or "notes" in each for each in forge.asked) == 3 + 1 + 3 + 1


def test_a_comment_of_somebody_else_s_is_never_taken_for_ours(kind: Kind, forge: Forge) -> None:
    copied = {"id": 1, "body": f"{_MARKER}\nall is well", kind.writer: {kind.name: "mallory"}}
    forge.comments.append(copied)

    here(kind.variables(forge.address)).comment(_MARKER, f"{_MARKER}\nstopped")

    assert [each["body"] for each in forge.comments] == [
        f"{_MARKER}\nall is well",
        f"{_MARKER}\nstopped",
    ]


def test_a_comment_of_ours_that_only_quotes_the_marker_stays(kind: Kind, forge: Forge) -> None:
    there = here(kind.variables(forge.address))
    there.comment("other", f"other: see {_MARKER}")

    there.comment(_MARKER, f"{_MARKER}\nfirst")

    assert len(forge.comments) == 2


def test_with_a_person_s_token_the_person_s_comment_is_found(kind: Kind, forge: Forge) -> None:
    forge.user = "grace"
    there = here(kind.variables(forge.address))

    there.comment(_MARKER, f"{_MARKER}\nfirst")
    there.comment(_MARKER, f"{_MARKER}\nsecond")

    assert [each["body"] for each in forge.comments] == [f"{_MARKER}\nsecond"]


def test_one_issue_is_opened_written_anew_and_closed(kind: Kind, forge: Forge) -> None:
    there = here(kind.variables(forge.address))

    assert there.issue(_MARKER, "Drift", f"{_MARKER}\nnone", wanted=False) is None
    assert forge.issues == []
    there.issue(_MARKER, "Drift: dev", f"{_MARKER}\nfirst", wanted=True)
    there.issue(_MARKER, "Drift: prod", f"{_MARKER}\nsecond", wanted=True)
    assert [(each["title"], each[kind.text], each["state"]) for each in forge.issues] == [
        ("Drift: prod", f"{_MARKER}\nsecond", kind.opened)
    ]
    there.issue(_MARKER, "Drift: none", f"{_MARKER}\nnone", wanted=False)
    assert [each["state"] for each in forge.issues] == ["closed"]
    there.issue(_MARKER, "Drift: dev", f"{_MARKER}\nthird", wanted=True)
    assert [each["state"] for each in forge.issues] == ["closed", kind.opened]


def test_issues_of_others_and_pull_requests_stay_as_they_are(kind: Kind, forge: Forge) -> None:
    bot = "github-actions[bot]" if kind is GITHUB else "project_1_bot"
    forge.issues.append(_issue(kind, 1, "mallory", f"{_MARKER}\nmine"))
    if kind is GITHUB:
        forge.issues.append(_issue(kind, 2, bot, f"{_MARKER}\na pull request", pull_request={}))
    before = [dict(each) for each in forge.issues]

    here(kind.variables(forge.address)).issue(_MARKER, "Drift", f"{_MARKER}\nx", wanted=True)

    assert forge.issues[: len(before)] == before
    assert len(forge.issues) == len(before) + 1


def test_the_longest_comment_that_is_written_is_taken(kind: Kind, forge: Forge) -> None:
    here(kind.variables(forge.address)).comment(_MARKER, _MARKER + "x" * (LIMIT - len(_MARKER)))

    assert len(forge.comments) == 1


def test_a_busy_server_is_asked_again_but_nothing_is_posted_twice(kind: Kind, forge: Forge) -> None:
    there = here(kind.variables(forge.address))
    forge.failures += [503, 502]
    there.comment(_MARKER, f"{_MARKER}\nfirst")

    # Two reads go well; then the POST fails.
    there = here(kind.variables(forge.address))
    forge.comments.clear()
    asked = len(forge.asked)
    forge.failures += [429]
    there.comment(_MARKER, f"{_MARKER}\nfirst")
    assert len(forge.asked) == asked + 4
    assert len(forge.comments) == 1


def test_a_refusal_is_one_line_without_the_token(kind: Kind, forge: Forge) -> None:
    variables = {
        name: each.replace(TOKEN, "wrong-token")
        for name, each in kind.variables(forge.address).items()
    }

    with pytest.raises(PipelineError, match=r"is refused \(401: Bad credentials\)") as caught:
        here(variables).comment(_MARKER, "x")

    assert "wrong-token" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_token_is_sent_to_nobody_else(kind: Kind, forge: Forge) -> None:
    forge.comments += [dict(each) for each in _OTHERS]
    with kind.serving() as other:
        forge.elsewhere = other.address

        with pytest.raises(PipelineError, match="nothing is sent there"):
            here(kind.variables(forge.address)).comment(_MARKER, "x")

        assert other.asked == []


def test_an_address_without_tls_is_refused(kind: Kind) -> None:
    with pytest.raises(PipelineError, match=r"http://forge\.example\.com is not https"):
        here(kind.variables("http://forge.example.com"))


def test_a_server_that_is_not_there_is_one_line(kind: Kind, free_port: int) -> None:
    there = here(kind.variables(f"http://127.0.0.1:{free_port}"))

    with pytest.raises(PipelineError, match=r"does not answer \(ConnectionError\)"):
        there.comment(_MARKER, "x")


def test_a_pipeline_for_no_pull_request_has_nowhere_to_comment(kind: Kind) -> None:
    variables = kind.variables("https://forge.example.com")
    del variables["GITHUB_REF" if kind is GITHUB else "CI_MERGE_REQUEST_IID"]

    with pytest.raises(PipelineError, match="leave out --post"):
        here(variables).comment(_MARKER, "x")


def test_a_missing_token_is_said_with_what_to_do(kind: Kind) -> None:
    variables = kind.variables("https://forge.example.com")
    name = "GITHUB_TOKEN" if kind is GITHUB else "GITLAB_TOKEN"
    del variables[name]

    with pytest.raises(PipelineError, match=f"{name} is not set; "):
        here(variables)


def test_elsewhere_nothing_is_posted() -> None:
    with pytest.raises(PipelineError, match="no pipeline of GitHub or GitLab"):
        here({"CI": "true"})
