"""The comment on a pull request."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ops.ci import comment as comments
from ops.ci.comment import MARKER, comment
from ops.ci.errors import PipelineError
from ops.ci.fitted import LIMIT
from ops.ci.markdown import length
from ops.ci.report import ADVISORY, REMEDIATED, Change, Finding, Outcome, Report
from ops.ci.run import Environment
from ops.permissions import Change as PermissionChange
from tests.ops.ci.reports import large, reports
from tests.settings.project import Project

_READY = Report(stack="dev", outcome=Outcome.NOTHING, permissions=(), packs=("strongroom",))


def _change(operation: str, name: str, difference: str = "") -> Change:
    return Change(operation=operation, type="vault:Policy", name=name, difference=difference)


def _permission(who: str, *, granted: bool, capability: str = "read") -> PermissionChange:
    return PermissionChange(
        who=who, path="kv/shop/orders/mail", capability=capability, granted=granted, rule="svc:1"
    )


def test_it_says_what_changes_by_operation_and_type() -> None:
    changes = (
        _change("delete", "team-old"),
        _change("create", "svc-shop.search"),
        _change("create", "svc-shop.other"),
        Change(operation="replace", type="aws:s3:Bucket", name="bills", replacing=("bucket",)),
    )

    body = comment([Report(stack="dev", outcome=Outcome.CHANGES, changes=changes)], "3f2c1ab")

    assert body.startswith(f"{MARKER}\n## What `3f2c1ab` would change\n")
    assert "| `dev` | changes | 1 | 1 |  | 2 |  | not compared | not asked |" in body
    assert "**Deleted: 1**\n\n- `vault:Policy`: `team-old`\n" in body
    assert "- `aws:s3:Bucket`: `bills` (because of `bucket`)\n" in body
    assert "- `vault:Policy` (2): `svc-shop.other`, `svc-shop.search`\n" in body
    assert body.index("Deleted") < body.index("Replaced") < body.index("Created")


def test_it_says_which_permissions_are_granted_and_taken_away() -> None:
    permissions = (
        _permission("shop/orders", granted=False),
        _permission("blog/web", granted=True),
        _permission("blog/web", granted=True, capability="update"),
    )

    body = comment([Report(stack="dev", outcome=Outcome.CHANGES, permissions=permissions)], "x")

    assert "**Permissions: 2 granted, 1 taken away**" in body
    assert "+ blog/web kv/shop/orders/mail: read, update (svc:1)\n" in body
    assert "- shop/orders kv/shop/orders/mail: read (svc:1)\n" in body
    assert "| +2 -1 |" in body
    assert "Permissions take effect when it is deployed" in body


def test_it_says_what_policies_stop_mend_and_advise() -> None:
    findings = tuple(
        Finding(policy=f"p-{level}", level=level, type="vault:Policy", name="acl", message="why")
        for level in ("mandatory", REMEDIATED, ADVISORY)
    )

    body = comment([Report(stack="dev", outcome=Outcome.STOPPED, findings=findings)], "x")

    assert "| stopped by policies |" in body
    assert "| 1 violated, 1 mended, 1 advice |" in body
    assert (
        "**Policies that stop it: 1**\n\n````text\np-mandatory at vault:Policy acl\n    why\n"
        in body
    )
    assert "p-remediated at vault:Policy acl" in body
    assert "p-advisory at vault:Policy acl" in body
    assert "`policies/exceptions.yaml`" in body


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.NOTHING, "Merging changes nothing in any environment."),
        (Outcome.CHANGES, "Merging deploys it, one environment after the other"),
        (Outcome.MISTAKES, "`python -m ops check --stack NAME`"),
        (Outcome.FAILED, "What failed is in the job's log"),
        (Outcome.MISSING, "What failed is in the job's log"),
    ],
)
def test_it_says_how_to_go_on(outcome: Outcome, said: str) -> None:
    body = comment([Report(stack="dev", outcome=outcome)], "x")

    assert said in body.partition("### How to go on")[2]
    assert ("Merging" in body) == (not outcome.stops)


def test_one_environment_that_stops_keeps_it_from_saying_that_merging_is_fine() -> None:
    stopped = Report(stack="prod", outcome=Outcome.FAILED, problems=("no such host",))

    body = comment([_READY, stopped], "x")

    assert "Merging" not in body
    assert "| `dev` | nothing changes |  |  |  |  |  |  | kept |" in body
    assert "### `prod`: failed\n\n````text\nno such host\n````" in body


@settings(max_examples=25)
@given(st.lists(reports, max_size=3))
def test_whatever_is_said_stays_within_its_place(found: Sequence[Report]) -> None:
    body = comment(found, "x")

    # What GitHub would make of it: our own two lines of HTML and our own headings, no link, no image, no mention.
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    html = [each.content.strip() for each in tokens if each.type == "html_block"]
    assert all(
        re.fullmatch(r"<!-- strongroom: preview -->|<details><summary>[\w' ]+: [\d,]+</summary>|</details>", each)
        for each in html
    )  # fmt: skip
    levels = [each.tag for each in tokens if each.type == "heading_open"]
    assert levels == ["h2", *["h3"] * len(found), "h3"]
    inline = [child for each in tokens for child in each.children or ()]
    assert {each.type for each in inline} <= {
        "text", "code_inline", "strong_open", "strong_close", "softbreak",
    }  # fmt: skip
    assert not any("@" in each.content for each in inline if each.type == "text")
    assert body.rstrip().endswith("`make preview STACK=NAME`.")


@settings(max_examples=25)
@given(st.lists(reports, max_size=3))
def test_it_is_short_enough_whatever_is_said(found: Sequence[Report]) -> None:
    assert length(comment(found, "x")) < LIMIT


@pytest.mark.parametrize("line", ["x", "😀" * 300, "`" * 5_000])
def test_ten_thousand_changes_are_short_enough_and_what_matters_is_there(line: str) -> None:
    small = Report(
        stack="dev",
        outcome=Outcome.CHANGES,
        changes=(_change("delete", "the-only-deletion"),),
        permissions=(_permission("blog/web", granted=True),),
    )

    body = comment([large(line=line), small], "x")

    assert 40_000 < length(body) < LIMIT
    assert len(body.encode()) < 262_144  # what GitHub's database takes
    for said in (
        "policy-0 at",
        "error 0:",
        "+ blog/web",
        "| `prod` |",
        "| `dev` |",
        "How to go on",
    ):
        assert said in body
    assert re.search(r"Left out to stay under 65,000 characters: .*resources' properties", body)


def test_properties_go_before_names_and_names_before_permissions() -> None:
    changes = tuple(
        _change("update", f"acl-{number}", difference="! a: b -> c\n" * 20)
        for number in range(10_000)
    )
    permissions = tuple(_permission(f"shop/{number}", granted=True) for number in range(100))

    body = comment(
        [Report(stack="dev", outcome=Outcome.CHANGES, changes=changes, permissions=permissions)],
        "x",
    )

    assert "+ shop/99 " in body
    assert "acl-0" in body
    assert "What differs" not in body


def test_whole_leaves_nothing_out() -> None:
    body = comment([large(count=1_000)], "x", None)

    assert "Left out" not in body
    assert "policy-999 at" in body
    assert "x-999" in body


def test_mistakes_in_the_files_are_the_comment_s_before_any_engine_runs(project: Project) -> None:
    project.catalog["orders.yaml"] = project.catalog["orders.yaml"].replace("orders\n", "Orders\n")
    project.write()

    found = comments.looked_at(Environment(root=project.root, stack="dev"), "main", None)

    assert found.outcome is Outcome.MISTAKES
    assert "catalog/orders.yaml:1" in found.problems[0]


def test_a_pack_that_is_not_there_is_refused(project: Project) -> None:
    with pytest.raises(PipelineError, match="nowhere is no policy pack"):
        comments.looked_at(Environment(root=project.root, stack="dev"), "main", "nowhere")
