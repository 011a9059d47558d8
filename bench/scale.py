"""`python -m bench.scale N [N ...]`: N generated services, beside the same objects declared bare and written by hand.

In a scratch copy of the checkout with the real engine and real servers: `up` from empty, nothing changed, one
service changed, one removed, all removed; then, on the same servers, the same objects as a bare Pulumi program
with the same engine and plugin, and by a sequential hvac loop.
"""

import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hvac
from rich.console import Console
from rich.table import Table

from bench.measure import Measured, measured
from sandbox.environment import own_environment
from tests.e2e.scratch import Scratch

console = Console(highlight=False)
ROWS = ("from empty", "nothing changed", "one changed", "one removed", "all removed")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One scratch environment, up and owned, and its variables."""

    scratch: Scratch
    environment: dict[str, str]

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Bench"]:
        """Bring a scratch environment up, and take it down whatever happens: a start that fails half-way, too."""
        scratch = Scratch.make(folder)
        try:
            scratch.up()
            yield cls(scratch=scratch, environment={**own_environment(), **scratch.variables()})
        finally:
            scratch.sandbox("down")

    @property
    def audit(self) -> list[Path]:
        """One audit log of each node."""
        return sorted(self.scratch.sandbox_file("vault").glob("audit-0.log"))

    def sandbox_up(self) -> Measured:
        """`make up`, as users run it."""
        command = [sys.executable, "-m", "sandbox", "up"]
        return measured(
            command, folder=self.scratch.path, environment=own_environment(), audit=self.audit
        )

    def pulumi(self, folder: Path, command: str) -> Measured:
        """Run a bare Pulumi command, without a checkpoint after each resource, as ours does."""
        environment = {**self.environment, "PULUMI_SKIP_CHECKPOINTS": "true"}
        return measured(
            shlex.split(command), folder=folder, environment=environment, audit=self.audit
        )


def services(bench: Bench, count: int) -> list[Path]:
    """Write N catalogue files of one namespace."""
    return [
        bench.scratch.service(
            f"bench/s{index}", secrets={"mail": {"password": {"config": "mailPassword"}}}
        )
        for index in range(count)
    ]


def ours(bench: Bench, count: int) -> dict[str, Measured]:
    """Measure `make up` through the life of N services."""
    files = services(bench, count)
    rows = {"from empty": bench.sandbox_up(), "nothing changed": bench.sandbox_up()}
    files[0].write_text(files[0].read_text() + "shares: {mail: [shop/orders]}\n")
    rows["one changed"] = bench.sandbox_up()
    files.pop(1).unlink()
    rows["one removed"] = bench.sandbox_up()
    for file in files:
        file.unlink()
    rows["all removed"] = bench.sandbox_up()
    return rows


def bare(bench: Bench, count: int, folder: Path) -> dict[str, Measured]:
    """Measure the same objects declared bare: same engine, same plugin, same servers."""
    source = Path(__file__).with_name("bare_program.py")
    (folder / "__main__.py").write_text(source.read_text())
    (folder / ".venv").symlink_to(sys.prefix)
    runtime = {"name": "python", "options": {"virtualenv": ".venv"}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "bare", "runtime": runtime}))
    sandbox = bench.scratch.sandbox_file("")
    values = {
        "bare:address": bench.environment["VAULT_ADDR"],
        "bare:ca": str(sandbox / "tls" / "ca.pem"),
        "bare:passwordFile": str(sandbox / "passwords" / "account"),
        "bare:value": "first",
        "bare:services": str(count),
    }
    settings = folder / "Pulumi.bare.yaml"
    settings.write_text(json.dumps({"config": values}))
    bench.environment.update(PULUMI_OPTION_CONFIG_FILE=str(settings), PULUMI_STACK="bare")
    bench.pulumi(folder, "pulumi stack init bare --non-interactive")
    up = "pulumi up --yes --skip-preview --non-interactive"
    rows = {"from empty": bench.pulumi(folder, up), "nothing changed": bench.pulumi(folder, up)}
    values["bare:changed"] = "0"
    settings.write_text(json.dumps({"config": values}))
    rows["one changed"] = bench.pulumi(folder, up)
    values["bare:services"] = str(count - 1)
    settings.write_text(json.dumps({"config": values}))
    rows["one removed"] = bench.pulumi(folder, up)
    rows["all removed"] = bench.pulumi(
        folder, "pulumi destroy --yes --skip-preview --non-interactive"
    )
    return rows


def by_hand(bench: Bench, count: int) -> float:
    """Write the same objects by a sequential hvac loop over one connection; give the seconds."""
    sandbox = bench.scratch.sandbox_file("")
    client = hvac.Client(
        url=bench.environment["VAULT_ADDR"], verify=str(sandbox / "tls" / "ca.pem")
    )
    password = (sandbox / "passwords" / "account").read_text()
    client.auth.userpass.login("strongroom", password, mount_point="strongroom")
    started = time.monotonic()
    for index in range(count):
        name, path = f"svc-hand.s{index}", f"hand/s{index}"
        acl = f'path "kv/data/{path}/*" {{ capabilities = ["read"] }}'
        client.sys.create_or_update_acl_policy(name, acl)
        client.auth.jwt.create_role(
            name, user_claim="sub", allowed_redirect_uris=[], role_type="jwt",
            bound_audiences=["vault"], bound_subject=f"system:serviceaccount:hand:s{index}",
            token_policies=[name], token_ttl=600, token_max_ttl=600, path="kubernetes",
        )  # fmt: skip
        client.secrets.kv.v2.create_or_update_secret(
            f"{path}/mail", {"password": "x"}, mount_point="kv"
        )
    return time.monotonic() - started


def main() -> None:
    """Measure each N and print a table each."""
    for count in [int(word) for word in sys.argv[1:]] or [100]:
        with (
            tempfile.TemporaryDirectory() as scratch,
            tempfile.TemporaryDirectory() as folder,
            Bench.running(Path(scratch)) as bench,
        ):
            mine = ours(bench, count)
            hand = by_hand(bench, count)
            theirs = bare(bench, count, Path(folder))
        _print(count, mine, theirs, hand)


def _print(count: int, mine: dict[str, Measured], theirs: dict[str, Measured], hand: float) -> None:
    table = Table(title=f"{count} services = {3 * count} resources")
    for column in (
        "",
        "make up",
        "bare pulumi up",
        "ratio",
        "peak MB",
        "bare MB",
        "requests",
        "bare requests",
    ):
        table.add_column(column, justify="right")
    for row in ROWS:
        a, b = mine[row], theirs[row]
        table.add_row(
            row, f"{a.seconds:.1f} s", f"{b.seconds:.1f} s", f"{a.seconds / b.seconds:.2f}",
            f"{a.megabytes:.0f}", f"{b.megabytes:.0f}", str(a.requests), str(b.requests),
        )  # fmt: skip
    console.print(table)
    ratio = mine["from empty"].seconds / hand
    console.print(
        f"the same writes by a sequential hvac loop: {hand:.1f} s (from empty: {ratio:.1f} times that)"
    )


if __name__ == "__main__":
    main()
