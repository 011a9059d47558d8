"""`python -m sandbox <command>`: what the Makefile runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sandbox.child import endings_interrupt
from sandbox.layout import LOCAL, Layout
from sandbox.problem import ProblemError

if TYPE_CHECKING:
    from sandbox.kinds import Kind

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="The embedded environments: no account, and for stack `local` no cluster either.",
)  # fmt: skip


@app.callback()
def chosen(
    context: typer.Context,
    stack: Annotated[str, typer.Option(help="local or cluster.")] = LOCAL,
) -> None:
    """Choose the environment."""
    from sandbox.kinds import kind_of  # noqa: PLC0415

    context.obj = kind_of(Layout(checkout=Path(__file__).resolve().parents[1], stack=stack))


@app.command()
def up(
    context: typer.Context,
    *,
    again: Annotated[bool, typer.Option(help="Begin again where the keys are gone.")] = False,
) -> None:
    """Toolchain, AWS emulator, servers, then `pulumi up`."""
    from sandbox.up import up as run  # noqa: PLC0415

    raise typer.Exit(run(context.obj, again=again))


@app.command()
def preview(context: typer.Context) -> None:
    """Show what `up` would change."""
    from sandbox.up import preview as run  # noqa: PLC0415

    raise typer.Exit(run(context.obj))


@app.command()
def down(context: typer.Context) -> None:
    """Stop and delete everything."""
    from sandbox.up import down as run  # noqa: PLC0415

    run(context.obj)


@app.command()
def status(context: typer.Context) -> None:
    """Say what runs and in what state it is."""
    from sandbox.status import status as run  # noqa: PLC0415

    raise typer.Exit(run(context.obj))


@app.command()
def logs(
    context: typer.Context, lines: Annotated[int, typer.Option(help="Lines of each log.")] = 20
) -> None:
    """Show the end of every log."""
    from sandbox.status import logs as run  # noqa: PLC0415

    run(context.obj, lines)


@app.command()
def token(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="namespace/name, such as shop/orders")],
    audience: Annotated[str, typer.Option(help="Whom it is meant for.")] = "vault",
) -> None:
    """Print a ServiceAccount token as the cluster would issue it; good for ten minutes."""
    kind: Kind = context.obj
    try:
        sys.stdout.write(kind.token(service, audience) + "\n")
    except ValueError as error:
        raise ProblemError(*str(error).split("; ", maxsplit=1)) from None
    except FileNotFoundError:
        raise ProblemError("the environment is not up", f"run `{kind.layout.make('up')}`") from None


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
        from custody.errors import CustodyError  # noqa: PLC0415
        from mistakes import MistakesError  # noqa: PLC0415
        from ops.stack import StackError  # noqa: PLC0415
        from reach.errors import ReachError  # noqa: PLC0415

        known = ProblemError | CustodyError | MistakesError | NodeError | ReachError | StackError
        if not isinstance(error, known):
            raise
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
