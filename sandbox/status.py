"""`make status` and `make logs`."""

from rich.console import Console
from rich.table import Table

from sandbox import emulator, ports
from sandbox.kinds import Kind
from sandbox.layout import last_lines


def status(kind: Kind) -> int:
    """Print what runs; exit code 1 unless everything that should does."""
    layout = kind.layout
    console = Console(highlight=False, emoji=False)
    if not layout.ports_file.exists():
        console.print(f"nothing is up; run `{layout.make('up')}`")
        return 1
    chosen = ports.remembered(layout)
    table = Table("what", "where", "process", "state", box=None)
    number = emulator.pid(layout)
    table.add_row(
        "AWS emulator", f"http://127.0.0.1:{chosen.emulator}", str(number or "-"),
        "running" if number else "stopped: its keys are gone",
    )  # fmt: skip
    servers = kind.running()
    for each in servers:
        table.add_row(each.what, each.where, each.process, each.state)
    stack = "has resources" if layout.resources() else "empty"
    table.add_row(f"stack {layout.stack}", str(layout.state), "-", stack)
    console.print(table)
    return 0 if number is not None and all(each.well for each in servers) else 1


def logs(kind: Kind, lines: int) -> None:
    """Print the last `lines` lines of every log."""
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    layout = kind.layout
    files = [layout.root / "pulumi.log", layout.emulator / "server.log"]
    shown = [(str(file), last_lines(file, lines)) for file in files if file.exists()]
    for name, last in (*shown, *kind.logs(lines)):
        console.print(f"[bold]{name}[/]")
        for line in last:
            console.print(line, markup=False)
