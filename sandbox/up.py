"""`make up`, `make preview` and `make down`."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from catalog.model import Catalog
from custody.states import NEVER_OWNED
from ops.drift import compared
from ops.stack import STACK, the_only
from sandbox import configuration, emulator, environment, lock, ports
from sandbox.engine import Engine
from sandbox.foresight import foreseen
from sandbox.kinds import Kind
from sandbox.layout import LOCAL, Layout, cache_directory, password
from sandbox.ports import Ports
from sandbox.problem import ProblemError

# Type tokens such as strongroom:cloud:AwsCloud are no emoji.
console = Console(highlight=False, soft_wrap=True, emoji=False)


def say(line: str) -> None:
    """Print one line as it is."""
    console.print(line, markup=False)


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    console.print(f"[bold]{name}[/] …")
    yield
    console.print(f"  [dim]{name}: {time.monotonic() - started:.1f} s[/]")


def _indented(line: str) -> None:
    say(f"  {line}")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """An environment whose files and tools are in place."""

    ports: Ports
    engine: Engine


def up(kind: Kind, *, again: bool = False) -> int:
    """Bring the environment up to what the program says; give Pulumi's exit code.

    Raises:
        ProblemError: with one line, for whatever stops it before Pulumi runs.

    """
    layout = kind.layout
    with lock.held(layout, "up"):
        if layout.ports_file.exists() and layout.resources() and emulator.pid(layout) is None:
            _begin_again(kind, agreed=again)
        ready = prepare(kind)
        variables = ready.engine.environment
        with phase("servers"):
            if emulator.start(layout, ready.ports.emulator, kind.emulator_addresses):
                say(f"  AWS emulator at http://127.0.0.1:{ready.ports.emulator}")
            kind.revive(variables, _indented)
        with kind.reached(variables, _indented) as reached:
            return _carry_out(kind, replace(ready.engine, environment=reached))


def _carry_out(kind: Kind, engine: Engine) -> int:
    way = foreseen(kind.layout.resources(), _catalog(kind.layout).services)
    with phase("pulumi up"):
        code = engine.up(way)
    if code != 0 and any(NEVER_OWNED in line for line in engine.said):
        # Here its own machine, so what is printed elsewhere is done.
        with phase("emptying servers that nobody ever owned"):
            kind.empty(engine.environment)
        with phase("pulumi up"):
            code = engine.up(way)
    if code != 0:
        engine.say_what_stopped_it()
    else:
        # They take their time to start; what is repaired meanwhile a sidecar reads again.
        kind.start_applications()
        with phase("secrets"):
            found = engine.resources()
            # pulumi-vault sees no such drift; after `up`, so that what is declared now is what counts.
            for each in compared(found, repair=True):
                say(f"  {each.path}: {each.how}, written back")
        kind.finish(_indented)
        _what_next(kind, the_only(found, STACK).outputs)
    return code


def preview(kind: Kind) -> int:
    """Show what `make up` would change, with the properties."""
    with lock.held(kind.layout, "preview"):
        engine = prepare(kind).engine
        with kind.reached(engine.environment, _indented) as reached:
            engine = replace(engine, environment=reached)
            code = engine.preview("--diff")
            if code != 0:
                engine.say_what_stopped_it()
            return code


def down(kind: Kind) -> None:
    """Stop every process and delete every file of the environment: stack, state, servers, keys."""
    folder = kind.layout.root
    was_there = folder.exists()
    with lock.held(kind.layout, "down"):
        _remove(kind)
    say(
        f"stack, processes and {folder.name}/ are gone"
        if was_there
        else "there was nothing to take down"
    )


def prepare(kind: Kind) -> Ready:
    """Put tools, files and the stack in place; start nothing."""
    from ops.check import check  # noqa: PLC0415
    from sandbox import plugins, toolchain  # noqa: PLC0415  they import grpc

    layout = kind.layout
    layout.prepare()
    chosen = ports.remembered(layout, kind.servers)
    with phase("toolchain"):
        tools = toolchain.ensure(
            cache_directory(), say, layout.root / "pulumi", releases=kind.releases
        )
        if not tools.official_plugins:
            plugins.install(tools.pulumi_home, Path(sys.executable))
    for name in ("account", "passphrase"):
        password(layout, name)
    kind.prepare(_indented)
    kept = configuration.write(
        layout, configuration.common(layout, chosen.emulator), kind.settings(chosen, tools)
    )
    for key in kept:
        say(f"  {key} as set in {layout.root.name}/{layout.settings.name}")
    own = {**tools.environment, **kind.variables(chosen)}
    first = [tools.bin, *([] if tools.scripts is None else [tools.scripts])]
    variables = environment.variables(layout, chosen.emulator, own, first)
    environment.write(layout, variables)
    engine = Engine(layout=layout, environment=environment.process_environment(variables), say=say)
    engine.ensure_stack()
    _keep_secrets(layout, engine)
    # Every mistake of all files, before an engine is started.
    check(layout.checkout, layout.stack, layout.settings)
    return Ready(ports=chosen, engine=engine)


def _keep_secrets(layout: Layout, engine: Engine) -> None:
    """Generate the stack secrets that the catalogue names; take out those generated that it names no more."""
    wanted, present = _catalog(layout).config_keys(), configuration.secrets_present(layout)
    for key in sorted(wanted - present):
        said = how_kept(layout, key)
        engine.set_secret(key, password(layout, key))
        say(f"  {said}")
    # The file stays: whoever writes the service again finds the same value.
    unused = [key for key in present - wanted if (layout.passwords / key).exists()]
    if unused:
        configuration.drop_secrets(layout, unused)


def how_kept(layout: Layout, key: str) -> str:
    """Say whether a stack secret is going to be a new value, or that of a service that was there before."""
    path = layout.passwords / key
    where = f"({layout.root.name}/passwords/{key})"
    if path.exists():
        return f"stack secret {key} taken up again {where}"
    return f"generated stack secret {key} {where}"


def _catalog(layout: Layout) -> Catalog:
    """The catalogue; its mistakes are for the check to say."""
    from catalog.reader import examine  # noqa: PLC0415

    return examine(layout.checkout / "catalog", "catalog").catalog


def _begin_again(kind: Kind, *, agreed: bool) -> None:
    wrong = (
        "the AWS emulator was stopped, and with its memory went the keys that seal this Vault and encrypt its"
        " custody: nothing can unseal it again"
    )
    if not agreed and sys.stdin.isatty():
        console.print(wrong)
        agreed = console.input("Delete it and begin again? [y/N] ").strip().lower() == "y"
    if not agreed:
        command = kind.layout.make("up")
        raise ProblemError(wrong, f"to delete it and begin again run `{command} AGAIN=1`")
    say("deleting the environment whose keys are gone")
    _remove(kind)


def _remove(kind: Kind) -> None:
    kind.remove(_indented)
    emulator.stop(kind.layout)
    shutil.rmtree(kind.layout.root, ignore_errors=True)


def _what_next(kind: Kind, outputs: Mapping[str, Any]) -> None:
    layout = kind.layout
    services = sorted(outputs["logins"])
    console.print(f"\n[bold green]Vault is up[/] at {outputs['address']}")
    sandbox = ".venv/bin/python -m sandbox"
    if layout.stack != LOCAL:
        sandbox += f" --stack {layout.stack}"
    lines = [
        (f". {layout.root.name}/env", "pulumi, bao, python and their variables in this shell"),
        *((f"{sandbox} token {each}", "a token of that service") for each in services[:1]),
        *kind.hints(),
    ]
    width = max(len(command) for command, _ in lines)
    for command, does in lines:
        say(f"  {command:<{width}}   {does}")
    say(f"  {', '.join(map(layout.make, ('status', 'logs', 'preview', 'down')))}")
