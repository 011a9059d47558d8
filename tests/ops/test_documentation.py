"""The site of docs/ is whole: pages have a place, links lead somewhere, and nothing is loaded from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
PAGES = {path.name for path in (CHECKOUT / "docs").glob("*.md")}
# What a browser fetches to show a page; a link that somebody may follow is not among it.
LOADED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=\"?(https?://[^\s\">]+)"
)


def in_navigation(entry: Any) -> set[str]:
    if isinstance(entry, str):
        return {entry}
    below = entry.values() if isinstance(entry, dict) else entry
    return {page for each in below for page in in_navigation(each)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(directory)],
        cwd=CHECKOUT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return directory


def test_every_page_has_a_place_in_the_navigation() -> None:
    configuration = yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text())

    assert in_navigation(configuration["nav"]) == PAGES


def test_every_page_of_the_site_is_made_and_every_link_in_it_leads_somewhere(site: Path) -> None:
    made = {path.name for path in site.glob("*.html")}

    assert made == {f"{name.removesuffix('.md')}.html" for name in PAGES} | {"404.html"}


def test_nothing_of_the_site_is_loaded_from_elsewhere(site: Path) -> None:
    base = yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text()).get("site_url")
    loaded = {url for path in site.glob("*.html") for url in LOADED.findall(path.read_text())}

    assert base is None
    assert loaded == set()


def test_what_is_loaded_from_elsewhere_would_be_found() -> None:
    page = '<link rel="stylesheet" href="https://fonts.example.com/a.css"><a href="https://example.com/">'

    assert LOADED.findall(page) == ["https://fonts.example.com/a.css"]


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (CHECKOUT / "README.md").read_text())

    assert {link for link in links if not (CHECKOUT / link).exists()} == set()
    assert {Path(link).name for link in links} | {"index.md"} == PAGES
