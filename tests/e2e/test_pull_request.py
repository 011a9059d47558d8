"""What a pull request's comment and the nightly search for drift say of a real environment, in order."""

from pathlib import Path

import pytest

from ops.ci.fitted import LIMIT
from ops.ci.report import Outcome, read
from tests.e2e.scratch import Ran, Scratch
from tests.ops.ci.forges import GITHUB

pytestmark = [pytest.mark.e2e]

_PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def no_search(args, report):
    if args.name == "svc-shop.search":
        report("search is a test's @everyone")

def think(args, report):
    if args.resource_type == "vault:index/mount:Mount":
        report("think of it")

def shorter(args):
    if args.name == "role-svc-shop.search":
        return {**args.props, "tokenTtl": 300}

PolicyPack("tried", policies=[
    ResourceValidationPolicy("no-search", "No search.", no_search, EnforcementLevel.MANDATORY),
    ResourceValidationPolicy("thought", "Thought.", think, EnforcementLevel.ADVISORY),
    ResourceValidationPolicy("shorter", "Short.", remediate=shorter, enforcement_level=EnforcementLevel.REMEDIATE),
])
"""  # fmt: skip
_SECRET = "the-index-key-that-nobody-sees"


def _git(scratch: Scratch, *arguments: str) -> None:
    author = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    ran = scratch.run("git", *author, *arguments)
    assert ran.code == 0, ran.output


def _ci(scratch: Scratch, *words: str, before: str = "") -> Ran:
    """Give only what is printed to stdout; what the engine says goes to a file."""
    ran = scratch.sourced(f"{before} python -m ops ci {' '.join(words)} 2> .sandbox/said")
    for file in scratch.sandbox_file("passwords").iterdir():
        assert file.read_text().strip() not in ran.output, file.name
    assert _SECRET not in ran.output
    return ran


def _said(scratch: Scratch) -> str:
    return scratch.sandbox_file("said").read_text()


def test_where_all_is_as_declared_nothing_is_said_to_change(scratch: Scratch) -> None:
    scratch.up()
    _git(scratch, "init", "-q")
    _git(scratch, "add", "-A")
    _git(scratch, "commit", "-qm", "base")

    preview = _ci(scratch, "comment --stack local --against HEAD --policy-pack ''")
    drift = _ci(scratch, "drift --stack local --policy-pack ''")

    assert preview.code == 0, preview.output + _said(scratch)
    assert "| `local` | nothing changes |  |  |  |  |  |  | not asked |" in preview.output
    assert drift.code == 0, drift.output + _said(scratch)
    assert "| `local` |  |  |  | as declared |" in drift.output


def test_a_mistake_is_the_comment(scratch: Scratch) -> None:
    scratch.service("shop/search", secrets={"index": {"key": {"config": "indexKey"}}})

    ran = _ci(scratch, "comment --stack local --against HEAD --policy-pack ''")

    assert ran.code == 2
    assert "### `local`: mistakes in its files" in ran.output
    assert "stack local has no secret indexKey" in ran.output


def test_a_change_is_said_with_its_permissions_and_without_its_secret(scratch: Scratch) -> None:
    set_ = scratch.sourced("pulumi config set --secret indexKey --non-interactive", f"{_SECRET}\n")
    assert set_.code == 0, set_.output
    orders = scratch.path / "catalog" / "shop-orders.yaml"
    orders.write_text(orders.read_text().replace("access: read-write", "access: read"))

    ran = _ci(scratch, "comment --stack local --against HEAD --policy-pack ''")

    assert ran.code == 0, ran.output + _said(scratch)
    assert "| `local` | changes |  |  | 2 | 3 |  | +3 -0 | not asked |" in ran.output
    assert "- `vault:Policy`: `svc-shop.search`\n" in ran.output
    assert "+ shop/search kv/shop/search/index: read (svc-shop.search:1)\n" in ran.output
    assert '-             "s3:PutObject",\n' in ran.output
    assert "+ dataJson: [secret]\n" in ran.output
    assert "Merging deploys it" in ran.output


def test_what_the_policy_pack_says_is_said_and_the_pull_request_gets_it(scratch: Scratch) -> None:
    pack = scratch.path / "tried"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(
        "runtime: python\nversion: 0.0.1\ndescription: a test's\n"
    )
    (pack / "__main__.py").write_text(_PACK)

    looked = _ci(
        scratch,
        "comment --stack local --against HEAD --policy-pack tried --save .sandbox/reports/local.json",
    )

    assert looked.code == 2, looked.output + _said(scratch)
    report = read(scratch.sandbox_file("reports/local.json"))
    assert report.outcome is Outcome.STOPPED
    assert {(each.policy, each.level) for each in report.findings} == {
        ("no-search", "mandatory"), ("thought", "advisory"), ("shorter", "remediated"),
    }  # fmt: skip
    with GITHUB.serving() as forge:
        variables = " ".join(
            f"{name}={value}" for name, value in GITHUB.variables(forge.address).items()
        )
        for _ in range(2):
            posted = _ci(
                scratch, "comment --from .sandbox/reports --expect local --post", before=variables
            )
            assert posted.code == 2, _said(scratch)
        [comment] = forge.comments
    body = comment["body"]
    assert len(body) < LIMIT
    assert "| 1 violated, 1 mended, 1 advice |" in body
    assert (
        "no-search at vault:Policy svc-shop.search\n    No search.\n    search is a test's @everyone\n"
        in body
    )
    assert "changed tokenTtl" in body


def test_a_replacement_says_why(scratch: Scratch) -> None:
    settings = scratch.sandbox_file("Pulumi.local.yaml")
    before = settings.read_text()
    assert "strongroom:access:\n" in before
    settings.write_text(
        before.replace("strongroom:access:\n", "strongroom:access:\n    mount: elsewhere\n")
    )
    try:
        ran = _ci(scratch, "comment --stack local --against HEAD --policy-pack ''")
    finally:
        settings.write_text(before)

    assert ran.code == 0, ran.output + _said(scratch)
    assert "`login-mount` (because of `path`)" in ran.output
    assert "`role-svc-blog.web` (because of `backend`)" in ran.output
    assert "! path: kubernetes -> elsewhere\n" in ran.output


def test_an_engine_that_can_t_begin_is_said_with_its_reason(
    scratch: Scratch, tmp_path: Path
) -> None:
    wrong = tmp_path / "passphrase"
    wrong.write_text("wrong")

    ran = _ci(
        scratch,
        "comment --stack local --against HEAD --policy-pack ''",
        before=f"unset PULUMI_CONFIG_PASSPHRASE; PULUMI_CONFIG_PASSPHRASE_FILE={wrong}",
    )

    assert ran.code == 2
    assert "### `local`: failed" in ran.output
    assert "passphrase" in ran.output


def test_what_somebody_changed_outside_is_drift_and_what_waits_is_not(scratch: Scratch) -> None:
    by_hand = 'path "kv/*" {capabilities=["read"]}'
    # Ends the changes of the tests before, but for one that waits.
    (scratch.path / "catalog" / "shop-search.yaml").unlink()
    removed = scratch.sourced("pulumi config rm indexKey --non-interactive")
    assert removed.code == 0, removed.output
    ran = scratch.sourced(
        "python -m ops root -- sh -c '"
        f'printf "%s" "{by_hand.replace(chr(34), chr(92) + chr(34))}" | bao policy write svc-blog.web -;'
        " bao policy delete svc-shop.billing; bao kv put -mount=kv shop/orders/mail password=guessed'"
    )
    assert ran.code == 0, ran.output

    found = _ci(scratch, "drift --stack local --policy-pack ''")

    assert found.code == 2, found.output + _said(scratch)
    assert "| `local` | 2 | 2 | 1 |  |" in found.output
    outside, _, waiting = found.output.partition("#### Declared and not deployed")
    assert "`svc-blog.web`" in outside
    assert "`svc-shop.billing`" in outside
    assert f"-     {by_hand}\n" in outside
    assert "kv/shop/orders/mail: changed\n" in outside
    assert "`cloud-shop.orders.invoices-odd-grant`" in waiting
    assert "guessed" not in found.output


def test_what_the_issue_tells_to_do_puts_it_back(scratch: Scratch) -> None:
    refreshed = scratch.sourced(
        "pulumi refresh --yes --run-program --non-interactive --stack local"
    )
    assert refreshed.code == 0, refreshed.output

    scratch.up()

    after = _ci(scratch, "drift --stack local --policy-pack ''")
    assert after.code == 0, after.output + _said(scratch)
