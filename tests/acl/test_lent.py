from pathlib import Path

from acl.lent import lent_acl

DOCS = Path(__file__).parents[2] / "docs" / "external.md"


def test_the_documentation_says_what_the_token_needs() -> None:
    written = " ".join(DOCS.read_text().split())

    for block in lent_acl(name="strongroom", mount="strongroom").split("\n\n"):
        assert " ".join(block.split()) in written
