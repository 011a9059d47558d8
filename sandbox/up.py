"""`make up`, `make preview` and `make down`."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from components.server import nodes
from custody.states import NEVER_OWNED
from sandbox import certificates, cluster, configuration, emulator, environment, lock, ports
from sandbox.engine import Engine, described
from sandbox.layout import STACK, Layout, cache_directory, password
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


@dataclass(frozen=True, kw_only=True)
class Ready:
    """An environment whose files and tools are in place."""

    layout: Layout
    ports: Ports
    engine: Engine


def up(layout: Layout, *, again: bool = False) -> int:
    """Bring the environment up to what the program says; give Pulumi's exit code.

    Raises:
        ProblemError: with one line, for whatever stops it before Pulumi runs.

    """
    with lock.held(layout, "up"):
        chosen = ports.remembered(layout) if layout.ports_file.exists() else None
        if chosen and layout.holds_stack() and emulator.pid(layout) is None:
            _begin_again(layout, agreed=again)
        ready = prepare(layout)
        with phase("servers"):
            if emulator.start(layout, ready.ports.emulator):
                say(f"  AWS emulator at http://127.0.0.1:{ready.ports.emulator}")
            _revive(layout, ready)
        with phase("preview"):
            changes = ready.engine.changes()
            say(f"  {described(changes)}")
        code = 0
        if changes:
            with phase("pulumi up"):
                code = ready.engine.up(changes)
            if code != 0 and any(NEVER_OWNED in line for line in ready.engine.said):
                # Here its own machine, so what is printed elsewhere is done.
                with phase("emptying servers that nobody ever owned"):
                    nodes.empty(layout.servers, ready.engine.environment)
                with phase("pulumi up"):
                    code = ready.engine.up(ready.engine.changes())
        if code == 0:
            with phase("secrets"):
                code = ready.engine.repair_secrets()
        if code == 0:
            _what_next(ready)
        return code


def preview(layout: Layout) -> int:
    """Show what `make up` would change, with the properties."""
    with lock.held(layout, "preview"):
        return prepare(layout).engine.preview("--diff")


def down(layout: Layout) -> None:
    """Stop every process and delete every file of the environment: stack, state, servers, keys."""
    with lock.held(layout, "down"):
        _remove(layout)


def prepare(layout: Layout) -> Ready:
    """Put tools, files and the stack in place; start nothing."""
    from ops.check import check  # noqa: PLC0415
    from sandbox import plugins, toolchain  # noqa: PLC0415  they import grpc

    layout.prepare()
    chosen = ports.remembered(layout)
    with phase("toolchain"):
        tools = toolchain.ensure(cache_directory(), say, layout.root / "pulumi")
        if not tools.official_plugins:
            plugins.install(tools.pulumi_home, Path(sys.executable))
    for name in ("account", "passphrase"):
        password(layout, name)
    if certificates.ensure(layout):
        for node in nodes.recorded(layout.servers):
            number = nodes.pid(node)
            if number is not None:
                os.kill(number, signal.SIGHUP)
    cluster.ensure(layout)
    kept = configuration.write(layout, chosen, tools.bao)
    for key in kept:
        say(f"  {key} as set in .sandbox/{layout.settings.name}")
    variables = environment.variables(layout, chosen, tools.environment, tools.bin)
    environment.write(layout, variables)
    engine = Engine(layout=layout, environment=environment.process_environment(variables), say=say)
    engine.ensure_stack()
    _keep_secrets(layout, engine)
    # Every mistake of all files, before an engine is started.
    check(layout.checkout, STACK, layout.settings)
    return Ready(layout=layout, ports=chosen, engine=engine)


def _keep_secrets(layout: Layout, engine: Engine) -> None:
    """Generate the stack secrets that the catalogue names; take out those generated that it names no more."""
    wanted, present = _stack_secrets(layout), configuration.secrets_present(layout)
    for key in sorted(wanted - present):
        engine.set_secret(key, password(layout, key))
        say(f"  generated stack secret {key} (.sandbox/passwords/{key})")
    # The file stays: whoever writes the service again finds the same value.
    unused = [key for key in present - wanted if (layout.passwords / key).exists()]
    if unused:
        configuration.drop_secrets(layout, unused)


def _stack_secrets(layout: Layout) -> frozenset[str]:
    """The configuration keys that the catalogue refers to; its mistakes are for the check to say."""
    from catalog.reader import examine  # noqa: PLC0415

    return examine(layout.checkout / "catalog", "catalog").catalog.config_keys()


def _revive(layout: Layout, ready: Ready) -> None:
    """Start nodes that died since; they join and unseal by themselves."""
    known = nodes.recorded(layout.servers)
    for node in known:
        if nodes.start(node, ready.engine.environment):
            say(f"  restarted node {node.api}")
    nodes.wait_until_answers(known)
    nodes.wait_until_settled(known, lambda line: say(f"  {line}"))


def _begin_again(layout: Layout, *, agreed: bool) -> None:
    wrong = (
        "the AWS emulator was stopped, and with its memory went the keys that seal this Vault and encrypt its"
        " custody: nothing can unseal it again"
    )
    if not agreed and sys.stdin.isatty():
        console.print(wrong)
        agreed = console.input("Delete it and begin again? [y/N] ").strip().lower() == "y"
    if not agreed:
        raise ProblemError(wrong, "to delete it and begin again run `make up AGAIN=1`")
    say("deleting the environment whose keys are gone")
    _remove(layout)


def _remove(layout: Layout) -> None:
    for node in nodes.recorded(layout.servers):
        nodes.remove(node)
    emulator.stop(layout)
    shutil.rmtree(layout.root, ignore_errors=True)


def _what_next(ready: Ready) -> None:
    outputs = ready.engine.outputs()
    logins = outputs.get("logins")
    services = sorted(logins) if isinstance(logins, dict) else []
    console.print(f"\n[bold green]Vault is up[/] at {outputs.get('address')}")
    say(
        "  . .sandbox/env                                 pulumi, bao and their variables in this shell"
    )
    if services:
        say(
            f"  .venv/bin/python -m sandbox token {services[0]:<12} a ServiceAccount token of that service"
        )
    say("  make status, make logs, make preview, make down")
