"""Lists the commands of `python -m ops ci`. Each imports what it needs when it runs."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ops.ci.report import Report
    from ops.ci.run import Environment

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What pipelines run: the comment on a pull request, and the search for drift.",
)
Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", help="Look at it; may be repeated. Otherwise the selected one."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        help="Read this instead of Pulumi.<stack>.yaml.", envvar="PULUMI_OPTION_CONFIG_FILE"
    ),
]
Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--from", help="Look at nothing; take what --save wrote: files, or folders of them."
    ),
]
Expected = Annotated[
    list[str] | None,
    typer.Option("--expect", help="With --from: an environment that must be among them."),
]
PolicyPack = Annotated[str, typer.Option(help="Previewed with this one; an empty name: with none.")]
Save = Annotated[
    Path | None, typer.Option(help="Write what was found to this file, for --from elsewhere.")
]
Whole = Annotated[bool, typer.Option("--whole", help="Leave nothing out, however long it gets.")]


@app.command("comment")
def comment_command(  # noqa: PLR0913, PLR0917  a command's options
    stacks: Stacks = None,
    config_file: ConfigFile = None,
    against: Annotated[
        str, typer.Option(help="The git reference with whose permissions to compare.")
    ] = "main",
    policy_pack: PolicyPack = "policies",
    reports: Reports = None,
    expected: Expected = None,
    save: Save = None,
    post: Annotated[
        bool,
        typer.Option("--post", help="Post it to the pull request, in place of the one before."),
    ] = False,
    whole: Whole = False,
) -> None:
    """Say in Markdown what a change would do to each environment: resources, permissions, policies.

    Exit 0 if every environment can go on, 2 if one is stopped (policies, mistakes, errors), 1 if nothing can be said.
    """
    from ops.ci import comment  # noqa: PLC0415

    found = _reports(
        stacks, config_file, reports, expected, save,
        lambda where: comment.looked_at(where, against, policy_pack or None),
    )  # fmt: skip
    revision, uncommitted = _revision(looked_at_here=not (reports or expected))
    limit = [None] if whole and not post else []
    body = comment.comment(found, revision, *limit, uncommitted=uncommitted)
    if post:
        from ops.ci.forge import here  # noqa: PLC0415

        typer.echo(here(os.environ).comment(comment.MARKER, body))
    else:
        typer.echo(body, nl=False)
    if any(each.outcome.stops for each in found):
        raise typer.Exit(2)


@app.command("drift")
def drift_command(  # noqa: PLR0913, PLR0917  as above
    stacks: Stacks = None,
    config_file: ConfigFile = None,
    policy_pack: PolicyPack = "policies",
    reports: Reports = None,
    expected: Expected = None,
    save: Save = None,
    post: Annotated[
        bool,
        typer.Option("--post", help="Open the issue, write it anew, or close it if there is none."),
    ] = False,
    whole: Whole = False,
) -> None:
    """Say in Markdown what is other than declared: resources after a refresh, and secrets' values.

    Exit 0 if nothing is, 2 if something is, 1 if an environment can't be looked at.
    """
    from ops.ci import drift  # noqa: PLC0415

    found = _reports(
        stacks, config_file, reports, expected, save,
        lambda where: drift.looked_at(where, policy_pack or None),
    )  # fmt: skip
    body = drift.issue(found, *([None] if whole and not post else []))
    unseen, drifted = (
        any(each.outcome.stops for each in found),
        any(each.drifted for each in found),
    )
    if post:
        from ops.ci.forge import here  # noqa: PLC0415

        wanted = unseen or drifted
        address = here(os.environ).issue(drift.MARKER, drift.title(found), body, wanted=wanted)
        typer.echo(address or "nothing is other than declared, and no issue is open")
    else:
        typer.echo(body, nl=False)
    if unseen or drifted:
        raise typer.Exit(1 if unseen else 2)


def _reports(
    stacks: Sequence[str] | None,
    config_file: Path | None,
    files: Sequence[Path] | None,
    expected: Sequence[str] | None,
    save: Path | None,
    look: "Callable[[Environment], Report]",
) -> "list[Report]":
    from ops.ci.errors import PipelineError  # noqa: PLC0415
    from ops.ci.report import read, with_missing, write  # noqa: PLC0415
    from ops.ci.run import Environment  # noqa: PLC0415
    from ops.stack import selected  # noqa: PLC0415

    if files or expected:
        if stacks or save:
            raise PipelineError(
                "--from and --expect take what was found; leave out --stack and --save"
            )
        those = [each for file in files or () for each in _of_folder(file)]
        return with_missing(map(read, those), expected or ())
    # Not the option's own variable: with --from it would contradict what a sourced shell has set.
    usual = os.environ.get("PULUMI_STACK")
    names = list(dict.fromkeys(stacks or [usual or selected(Path.cwd())]))
    if len(names) > 1 and (save or config_file):
        raise PipelineError("--save and --config-file are for one stack; name one --stack")
    found = [
        look(Environment(root=Path.cwd(), stack=name, config_file=config_file)) for name in names
    ]
    if save:
        write(save, found[0])
    return found


def _of_folder(file: Path) -> list[Path]:
    # Where every job ended before it wrote anything, there is no folder.
    folder = file.is_dir() or not file.suffix
    return sorted(file.glob("*.json")) if folder else [file]


def _revision(*, looked_at_here: bool) -> tuple[str, bool]:
    """Give what was looked at, as people know it, and whether files here hold more than that."""
    # A pull request's pipeline runs on a merge that nobody knows.
    given = os.environ.get("STRONGROOM_REVISION") or os.environ.get("CI_COMMIT_SHORT_SHA")
    if given:
        return given[:12], False
    commit = _git("rev-parse", "--short", "HEAD")
    if not commit:
        print("git knows no commit here", file=sys.stderr)  # noqa: T201
        return "the working copy", False
    return commit, looked_at_here and bool(_git("status", "--porcelain"))


def _git(*arguments: str) -> str:
    import subprocess  # noqa: PLC0415

    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
