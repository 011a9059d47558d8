"""The page of who may do what, in a real browser."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.matrix import catalogue
from catalog.permissions import Permissions
from ops import matrix
from ops.permissions import Grant, grants


def _large() -> Permissions:
    return Permissions(catalog=catalogue(), flavour="vault")


def _shown(page: Path, search: str) -> str:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on PATH; install Debian's chromium")
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={page.parent / 'profile'}", "--virtual-time-budget=10000", "--dump-dom",
            f"{page.as_uri()}#{search}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    return done.stdout


def _rows(shown: str) -> list[list[str]]:
    body = shown[shown.index('<tbody id="rows">') : shown.index("</tbody>")]
    return [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


@pytest.mark.real
def test_the_page_of_a_thousand_services_is_small_and_searched_at_once(tmp_path: Path) -> None:
    page = tmp_path / "matrix.html"
    page.write_text(matrix.html(list(grants(_large()))))

    assert page.stat().st_size < 3_000_000
    shown = _shown(page, "team-7/service-7%20read%20service-5/mail")
    assert _rows(shown) == [
        ["team-7/service-7", "read", "kv/team-5/service-5/mail", "svc-team-7.service-7:21"]
    ]
    assert ">1 line</p>" in shown
    everything = _shown(page, "")
    assert len(_rows(everything)) == 500
    assert "lines, the first 500 of them</p>" in everything


@pytest.mark.real
def test_nothing_in_the_page_is_run_or_loaded(tmp_path: Path) -> None:
    bad = "</script><script>document.title='x'</script><img src=http://example.com/>"
    page = tmp_path / "matrix.html"
    page.write_text(
        matrix.html([Grant(who="a", path=bad, capabilities=("read",), rule="<b>acl</b>:1")])
    )

    shown = _shown(page, "a")

    [[who, may, path, rule]] = _rows(shown)
    assert (who, may, rule) == ("a", "read", "&lt;b&gt;acl&lt;/b&gt;:1")
    assert path.startswith("&lt;/script&gt;&lt;script&gt;")
    assert "<title>Who may do what</title>" in shown


def test_the_page_needs_no_other_file() -> None:
    page = matrix.html(list(grants(_large())))

    assert not re.search(r"<(link|img|iframe)|src=|@import|https?://", page)
