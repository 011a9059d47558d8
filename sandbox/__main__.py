"""`python -m sandbox <command>`: what the Makefile runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sandbox.child import endings_interrupt
from sandbox.layout import Layout
from sandbox.problem import ProblemError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The embedded environment: stack `local`.",
    pretty_exceptions_enable=False,
)  # fmt: skip
_LAYOUT = Layout(checkout=Path(__file__).resolve().parents[1])


@app.command()
def up(
    *, again: Annotated[bool, typer.Option(help="Begin again where the keys are gone.")] = False
) -> None:
    """Toolchain, AWS emulator, servers, then `pulumi up`."""
    from sandbox.up import up as run  # noqa: PLC0415

    raise typer.Exit(run(_LAYOUT, again=again))


@app.command()
def preview() -> None:
    """Show what `up` would change."""
    from sandbox.up import preview as run  # noqa: PLC0415

    raise typer.Exit(run(_LAYOUT))


@app.command()
def down() -> None:
    """Stop and delete everything."""
    from sandbox.up import down as run  # noqa: PLC0415

    run(_LAYOUT)


@app.command()
def status() -> None:
    """Say what runs and in what state it is."""
    from sandbox.status import status as run  # noqa: PLC0415

    raise typer.Exit(run(_LAYOUT))


@app.command()
def logs(lines: Annotated[int, typer.Option(help="Lines of each log.")] = 20) -> None:
    """Show the end of every log."""
    from sandbox.status import logs as run  # noqa: PLC0415

    run(_LAYOUT, lines)


@app.command()
def token(
    service: Annotated[str, typer.Argument(help="namespace/name, such as shop/orders")],
    audience: Annotated[str, typer.Option(help="Whom it is meant for.")] = "vault",
) -> None:
    """Print a ServiceAccount token as the cluster would issue it; good for ten minutes."""
    from sandbox import cluster  # noqa: PLC0415

    try:
        sys.stdout.write(cluster.token(_LAYOUT, service, audience=audience) + "\n")
    except ValueError as error:
        raise ProblemError(*str(error).split("; ", maxsplit=1)) from None
    except FileNotFoundError:
        raise ProblemError("the environment is not up", "run `make up`") from None


def main() -> None:
    """Run; a problem is one line and exit code 1."""
    if sys.platform == "darwin":
        from shutil import which  # noqa: PLC0415

        if which("bao") is None:
            raise SystemExit("the embedded environment needs Linux, or a `bao` 2.6 on PATH")
    endings_interrupt()
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        from components.server.nodes import NodeError  # noqa: PLC0415
        from mistakes import MistakesError  # noqa: PLC0415

        if not isinstance(error, ProblemError | MistakesError | NodeError):
            raise
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
