"""Lists the commands. Each imports what it needs when it runs, so that `check` stays quick."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ops.ci.commands import app as ci

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables would show what must not be shown.
    pretty_exceptions_enable=False,
    help="What keeps an environment from day to day.",
)
app.add_typer(ci, name="ci")
Stack = Annotated[
    str | None, typer.Option(help="The stack; otherwise the selected one.", envvar="PULUMI_STACK")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        help="Read this instead of Pulumi.<stack>.yaml.", envvar="PULUMI_OPTION_CONFIG_FILE"
    ),
]


class Way(StrEnum):
    """How a pod gets its secrets; the keys of ops.workload.DELIVERIES."""

    ANNOTATIONS = "annotations"
    CSI = "csi"
    EXTERNAL_SECRET = "external-secret"  # noqa: S105  no secret, a way


@app.command("check")
def check_command(
    stack: Annotated[str, typer.Option(help="The stack.", envvar="PULUMI_STACK")],
    config_file: ConfigFile = None,
) -> None:
    """Check settings, catalogue and the policies' exceptions and tuning, without an engine or a network."""
    from ops.check import check  # noqa: PLC0415

    typer.echo(check(Path.cwd(), stack, config_file))


@app.command("schema")
def schema_command() -> None:
    """Write Pulumi.yaml's configuration block, schemas/ and the tables and diagrams in docs/ from what they show."""
    from ops import diagram, schema  # noqa: PLC0415

    for path in (*schema.write(Path.cwd()), *diagram.write(Path.cwd())):
        typer.echo(f"{path} written")


@app.command("diagram")
def diagram_command(stack: Stack = None) -> None:
    """Print what a stack consists of and what waits for what, from its state, as a Mermaid flowchart."""
    from ops.diagram import diagram  # noqa: PLC0415
    from ops.stack import resources  # noqa: PLC0415

    typer.echo(diagram(resources(stack)), nl=False)


@app.command("root", context_settings={"ignore_unknown_options": True})
def root_command(
    command: Annotated[list[str], typer.Argument(help="What to run; write -- before it.")],
    stack: Stack = None,
) -> None:
    """Run a command with a root token in its environment, minted for it and revoked after it."""
    from ops.root import run_as_root  # noqa: PLC0415

    raise typer.Exit(run_as_root(stack, command))


@app.command("drift")
def drift_command(
    stack: Stack = None,
    repair: Annotated[bool, typer.Option("--repair", help="Write back what differs.")] = False,
) -> None:
    """Name secrets in Vault that differ from what the program wrote; exit 1 if any still does, or a key is overdue."""
    from ops.drift import compared, said  # noqa: PLC0415
    from ops.seal_key import overdue  # noqa: PLC0415
    from ops.stack import resources  # noqa: PLC0415

    state = resources(stack, show_secrets=True)
    found = compared(state, repair=repair)
    for each in said(state, found, repaired=repair):
        typer.echo(each)
    late = overdue(state, Path.cwd(), now=time.time())
    if late:
        typer.echo(late, err=True)
    if late or (found and not repair):
        raise typer.Exit(1)


@app.command("tunnel", context_settings={"ignore_unknown_options": True})
def tunnel_command(
    command: Annotated[list[str], typer.Argument(help="What to run; write -- before it.")],
    stack: Annotated[str, typer.Option(help="The stack.", envvar="PULUMI_STACK")],
    config_file: ConfigFile = None,
    if_needed: Annotated[
        bool,
        typer.Option("--if-needed", help="Without a tunnel where Vault is reached without one."),
    ] = False,
) -> None:
    """Run a command with a way to a Vault that runs in pods."""
    from ops.tunnel import run_through_tunnel  # noqa: PLC0415

    raise typer.Exit(run_through_tunnel(stack, config_file, command, if_needed=if_needed))


@app.command("roll")
def roll_command(stack: Stack = None) -> None:
    """Replace pods that run an older revision, one by one, the leader last."""
    from ops.roll import roll  # noqa: PLC0415

    roll(stack, typer.echo)


@app.command("unseal")
def unseal_command(
    stack: Stack = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and unseal whatever is sealed again.")
    ] = False,
    place: Annotated[
        Path | None,
        typer.Option(help="A file that says where servers and custody are, instead of the state."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="With --watch: host:port on which /metrics and /healthz are answered."),
    ] = None,
) -> None:
    """Unseal servers with Shamir's seal by the keys in custody, each by itself; exit 1 if one stays sealed."""
    from ops.unseal import located, unseal_once, watch_over  # noqa: PLC0415

    with located(stack, place) as at:
        if watch:
            watch_over(at, metrics, typer.echo)
        elif not unseal_once(at, typer.echo):
            raise typer.Exit(1)


@app.command("migrate-seal", context_settings={"ignore_unknown_options": True})
def migrate_seal_command(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            help="What starts the servers anew with their new seal; write -- before it."
        ),
    ] = None,
    stack: Stack = None,
) -> None:
    """Give servers the keys that a new seal asks for while a command starts them anew; rename custody's keys."""
    from ops.migrate import migrate  # noqa: PLC0415

    raise typer.Exit(migrate(stack, command or [], typer.echo))


@app.command("transit-acl")
def transit_acl_command(
    stack: Annotated[str, typer.Option(help="The stack.", envvar="PULUMI_STACK")],
    config_file: ConfigFile = None,
) -> None:
    """Print the acl that the servers' token for a transit seal's key wants, and nothing beyond."""
    from ops.transit import transit_acl  # noqa: PLC0415

    typer.echo(transit_acl(Path.cwd(), stack, config_file), nl=False)


@app.command("workload")
def workload_command(
    service: Annotated[str, typer.Argument(help="namespace/name, such as shop/orders")],
    asked: Annotated[
        Way | None,
        typer.Option("--as", help="How its pod gets its secrets; otherwise as its own file says."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Where it runs; otherwise the servers' own cluster, or the only one."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Vault's, as pods reach it; otherwise https://<release>-active.<namespace>.svc:8200, or what"
            " the settings say: server.address of a Vault that somebody else runs, and address of another"
            " cluster."
        ),
    ] = None,
    stack: Stack = None,
    config_file: ConfigFile = None,
) -> None:
    """Print, as YAML, what a team pastes into its own manifests."""
    from ops.workload import workload  # noqa: PLC0415

    way = asked.value if asked else None
    text = workload(
        Path.cwd(),
        service,
        stack=stack,
        asked=way,
        cluster=cluster,
        address=address,
        config_file=config_file,
    )
    typer.echo(text, nl=False)


@app.command("adopt")
def adopt_command(stack: Stack = None, config_file: ConfigFile = None) -> None:
    """Write what a Vault of somebody else's holds as a catalogue file, which imports it unchanged."""
    from ops.adopt import adopt  # noqa: PLC0415

    root = Path.cwd()
    file, found = adopt(root, stack, config_file)
    typer.echo(f"{file.relative_to(root)} written: {found.counts}")
    for line in found.left:
        typer.echo(f"left as it is: {line}")


@app.command("can")
def can_command(
    who: Annotated[str, typer.Argument(help="shop/orders, team:shop, person:ada or account:NAME")],
    capability: Annotated[
        str, typer.Argument(help="create, read, update, patch, delete, list, sudo")
    ],
    path: Annotated[str, typer.Argument(help="kv/shop/orders/mail, or any path of the API")],
    stack: Stack = None,
    config_file: ConfigFile = None,
) -> None:
    """Say whether somebody may do something, and by which rule; exit 0 if so, 2 if not."""
    from ops.permissions import can, permissions  # noqa: PLC0415

    answer = can(permissions(Path.cwd(), stack, config_file), who, capability, path)
    typer.echo(f"{'yes' if answer.allowed else 'no'}: {answer.decision.reason}")
    if not answer.allowed:
        raise typer.Exit(2)


class Format(StrEnum):
    """How the matrix is written."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


@app.command("matrix")
def matrix_command(
    written: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
    stack: Stack = None,
    config_file: ConfigFile = None,
) -> None:
    """Print who may do what; html is one page that needs no other file."""
    from ops import matrix  # noqa: PLC0415
    from ops.permissions import grants, permissions  # noqa: PLC0415

    found = grants(permissions(Path.cwd(), stack, config_file))
    typer.echo(getattr(matrix, written.value)(list(found)), nl=False)


@app.command("diff")
def diff_command(
    reference: Annotated[str, typer.Argument(help="What git knows: a branch, a tag, a commit.")],
    stack: Stack = None,
    config_file: ConfigFile = None,
) -> None:
    """Print which permissions the files here grant (+) and take away (-), against those of a git reference."""
    from ops.permissions import changes, of_reference, permissions  # noqa: PLC0415

    root = Path.cwd()
    before, after = of_reference(root, reference, stack), permissions(root, stack, config_file)
    found = changes(before, after)
    for each in found:
        typer.echo(str(each))
    if not found:
        typer.echo(f"no permission differs from {reference}")


@app.command("empty-servers")
def empty_servers_command(
    directory: Annotated[Path, typer.Argument(help="strongroom:server.directory")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete all data of servers that run as processes here, so that they can be initialised anew."""
    import os  # noqa: PLC0415

    from components.server import nodes  # noqa: PLC0415

    if not yes:
        typer.confirm(f"Delete every secret and key in the Vault at {directory}?", abort=True)
    emptied = nodes.empty(directory, os.environ)
    typer.echo(f"{len(emptied)} servers are empty; run `pulumi up`")


def main() -> None:
    """Run; what people can put right is one line, with exit code 1."""
    try:
        app(prog_name="python -m ops")
    except Exception as error:
        if not isinstance(error, _known()):
            raise
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


def _known() -> tuple[type[Exception], ...]:
    """What says by itself what to do. Imported when something is wrong: most commands need none of it."""
    from components.server.nodes import NodeError  # noqa: PLC0415
    from custody.errors import CustodyError  # noqa: PLC0415
    from mistakes import MistakesError  # noqa: PLC0415
    from ops.ci.errors import PipelineError  # noqa: PLC0415
    from ops.metrics import MetricsError  # noqa: PLC0415
    from ops.roll import RollError  # noqa: PLC0415
    from ops.snapshot import SnapshotError  # noqa: PLC0415
    from ops.stack import StackError  # noqa: PLC0415
    from reach.errors import ReachError  # noqa: PLC0415

    return (
        CustodyError, MetricsError, MistakesError, NodeError, PipelineError, ReachError, RollError,
        SnapshotError, StackError,
    )  # fmt: skip


if __name__ == "__main__":
    main()
