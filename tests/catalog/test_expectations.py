"""`expect:` in a catalogue's file, as a preview and `ops check` meet it."""

import pytest

from tests.settings.project import HELM, Project


@pytest.fixture
def project(tmp_path: object) -> Project:
    from pathlib import Path  # noqa: PLC0415

    assert isinstance(tmp_path, Path)
    return Project(tmp_path)


def _expects(project: Project, file: str, *lines: str) -> None:
    project.catalog[file] += "\n".join(["expect:", *lines, ""])


def test_what_is_so_is_no_mistake(project: Project) -> None:
    _expects(
        project,
        "orders.yaml",
        "  can: [read kv/shop/orders/mail, list kv/shop/orders]",
        "  cannot: [read kv/shop/billing/bank, update kv/shop/orders/mail]",
    )
    _expects(project, "keepers.yaml", "  cannot: [update sys/audit/file]")

    assert project.mistakes() == []


def test_what_must_not_be_possible_and_is_stops_everything_with_the_rule(project: Project) -> None:
    line = len(project.catalog["billing.yaml"].splitlines()) + 3
    _expects(project, "billing.yaml", "  cannot:", "    - read kv/shop/orders/mail")

    assert project.mistakes() == [
        (
            f"catalog/billing.yaml:{line}: shop/billing can read kv/data/shop/orders/mail: svc-shop.billing:5 path"
            ' "kv/data/shop/orders/mail" [read] grants it; change what grants it, or change the expectation'
        )
    ]


def test_what_must_be_possible_and_is_not_is_said_with_what_there_is(project: Project) -> None:
    project.stack = HELM
    _expects(project, "orders.yaml", "  can: [update kv/shop/orders/mail, read kv/other]")

    first, second = project.mistakes()

    assert first.endswith(
        "shop/orders can't read kv/data/other: no rule is about kv/data/other;"
        " grant it (`shares:` in the other service's file), or change the expectation"
    )
    assert 'doesn\'t grant update: svc-shop.orders:1 path "kv/data/shop/orders/*" [read]' in second
    # What is shared is read, and no more.
    assert second.endswith("; grant it, or change the expectation")


def test_an_administrator_team_may_expect_too(project: Project) -> None:
    _expects(project, "keepers.yaml", "  cannot: [read sys/policies/acl/svc-shop.orders]")

    [mistake] = project.mistakes()

    assert mistake.startswith("catalog/keepers.yaml:")
    assert "can read sys/policies/acl/svc-shop.orders: team-" in mistake


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (
            "  can: [reed kv/shop/orders/mail]",
            "expect.can[0] must be a capability, a blank and one",
        ),
        ("  can: [read kv/shop/*]", "expect.can[0] must be a capability, a blank and one"),
        ("  can: read kv/shop", "expect.can"),
        ("  can: [1]", "expect.can[0]"),
        ("  may: [read kv/shop]", "expect.may"),
        (
            "  {can: [read kv/a], cannot: [read kv/a]}",
            "expect.cannot[0] is expected to be possible, too",
        ),
    ],
)
def test_its_form_is_held(project: Project, line: str, wrong: str) -> None:
    _expects(project, "orders.yaml", line)

    [mistake] = project.mistakes()

    assert wrong in mistake


def test_nothing_is_expected_of_a_catalogue_with_other_mistakes(project: Project) -> None:
    _expects(project, "orders.yaml", "  can: [read kv/other]")
    project.catalog["billing.yaml"] += "nonsense: 1\n"

    [mistake] = project.mistakes()

    assert "nonsense" in mistake
