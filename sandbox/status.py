"""`make status` and `make logs`."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from components.server import nodes
from sandbox import emulator, ports
from sandbox.layout import Layout

_HEALTH = {
    200: "active", 429: "standby", 472: "standby (recovery)", 473: "standby (performance)",
    501: "not initialised", 503: "sealed",
}  # fmt: skip


def status(layout: Layout) -> int:
    """Print what runs; exit code 1 unless everything that should does."""
    console = Console(highlight=False, emoji=False)
    if not layout.ports_file.exists():
        console.print("nothing is up; run `make up`")
        return 1
    chosen = ports.remembered(layout)
    table = Table("what", "where", "process", "state", box=None)
    number = emulator.pid(layout)
    table.add_row(
        "AWS emulator", f"http://127.0.0.1:{chosen.emulator}", str(number or "-"),
        "running" if number else "stopped: its keys are gone",
    )  # fmt: skip
    well = number is not None
    for index, node in enumerate(nodes.recorded(layout.servers)):
        running = nodes.pid(node)
        health = nodes.health(node) if running else None
        state = (
            _HEALTH.get(health, f"answers {health}") if health else "stopped: `make up` restarts it"
        )
        well = well and health in (200, 429)
        table.add_row(f"Vault node {index}", f"https://{node.api}", str(running or "-"), state)
    stack = "has resources" if layout.holds_stack() else "empty"
    table.add_row("stack local", str(layout.state), "-", stack)
    console.print(table)
    return 0 if well else 1


def logs(layout: Layout, lines: int) -> None:
    """Print the last `lines` lines of every log."""
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    files = [layout.root / "pulumi.log", layout.emulator / "server.log"]
    files += [Path(node.directory) / "server.log" for node in nodes.recorded(layout.servers)]
    for file in files:
        if not file.exists():
            continue
        console.print(f"[bold]{file}[/]")
        for line in file.read_text(errors="replace").splitlines()[-lines:]:
            console.print(line, markup=False)
