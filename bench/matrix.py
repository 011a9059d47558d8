"""`python -m bench.matrix`: who may do what for 1,000 services and as many secrets, and how soon its page opens."""

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from rich.console import Console

from catalog.model import Catalog, Service, Team
from catalog.permissions import Permissions
from ops import matrix
from ops.permissions import grants

console = Console(highlight=False)
MANY = 1_000
# Milliseconds from the start of loading until the first lines stand there.
_STAMP = "<script>document.title = `opened ${performance.now()}`</script></html>"


def catalogue(*, shares: int = 10) -> Catalog:
    """Give services that each share their secret with the next ones, and a team that reads all."""
    names = [f"team-{at % 40}/service-{at}" for at in range(MANY)]
    services = tuple(
        Service(
            namespace=name.split("/")[0],
            name=name.split("/")[1],
            secrets={"mail": {"password": "p"}},
            shares={"mail": tuple(names[at + 1 : at + 1 + shares])},
        )
        for at, name in enumerate(names)
    )
    return Catalog(
        services=services,
        teams=(Team(name="all", services={each.id: "read" for each in services}),),
    )


def main() -> None:
    """Measure and print."""
    started = time.perf_counter()
    found = list(grants(Permissions(catalog=catalogue(), flavour="vault")))
    evaluated = time.perf_counter()
    page = matrix.html(found)
    console.print(
        f"{MANY} services x {MANY} secrets: {len(found)} lines in {evaluated - started:.1f} s,"
        f" a page of {len(page.encode()) / 1e6:.2f} MB in {time.perf_counter() - evaluated:.1f} s"
    )
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        console.print("no Chromium on PATH: when the page opens was not measured")
        return
    with tempfile.TemporaryDirectory(prefix="bench-matrix-") as folder:
        file = Path(folder) / "matrix.html"
        file.write_text(page.replace("</html>", _STAMP))
        done = subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
                "--dump-dom", file.as_uri(),
            ],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    opened = re.search(r"<title>opened ([0-9.]+)</title>", done.stdout)
    if opened is None:
        raise RuntimeError("the page did not say when it had opened")
    console.print(f"open in Chromium after {float(opened[1]) / 1000:.2f} s")


if __name__ == "__main__":
    main()
