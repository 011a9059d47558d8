"""Stands for Pulumi's Python language host where that can't be downloaded.

The engine starts it, reads a port from its first line and asks it, over gRPC, to run programs and
policy packs. It starts the official `pulumi-language-python-exec`, which lies beside it, the way the
official host does. Its protocol: `LanguageRuntime` in Pulumi's `language.proto`.
Run by its path; it imports nothing of ours.
"""

# ruff: noqa: N802, D102  methods and their arguments are named by the protocol

import argparse
import json
import os
import platform
import select
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

if __name__ == "__main__":
    # The SDK's top package imports all of itself, 0.15 s of every command, and we need three of its
    # generated modules: empty parents let Python find those without running the rest.
    package: ModuleType | None = None
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        spec = PathFinder.find_spec(name, package.__path__ if package else None)
        if spec is None or spec.submodule_search_locations is None:
            sys.exit(f"{sys.executable} has no Pulumi SDK; run `pip install -r requirements.txt`")
        sys.modules[name] = package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, json_format  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

EXECUTOR = Path(__file__).absolute().parent / "pulumi-language-python-exec"
_SHOWN = 32  # the executor's exit code for: the person has been told what is wrong
_MESSAGE_BYTES = 400 * 1024 * 1024  # the limit of Pulumi's own engine and SDKs


def interpreter(
    info: Any, variables: Mapping[str, str], context: Any
) -> tuple[str, dict[str, str]]:
    """Give the interpreter that a project's runtime options ask for, and its environment.

    Ends the call with FAILED_PRECONDITION if there is none that we can run.
    """
    options = json_format.MessageToDict(info.options)
    if (toolchain := options.get("toolchain", "pip")) != "pip":
        _refuse(context, f"the stand-in language host has no toolchain '{toolchain}'; write pip")
    if not options.get("virtualenv"):
        return variables.get("PULUMI_PYTHON_CMD") or sys.executable, dict(variables)
    home = Path(info.root_directory) / options["virtualenv"]
    if not (home / "bin" / "python").exists():
        _refuse(context, f"Pulumi.yaml's virtual environment {home} is not there; make it first")
    environment = {name: value for name, value in variables.items() if name != "PYTHONHOME"}
    path = f"{home / 'bin'}{os.pathsep}{variables.get('PATH', '')}"
    return str(home / "bin" / "python"), {**environment, "VIRTUAL_ENV": str(home), "PATH": path}


def program_arguments(request: Any, engine: str, tracing: str) -> list[str]:
    """Give the executor's arguments for a RunRequest; an empty value is left out."""
    named = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": str(request.dryRun).lower(),
        "parallel": str(request.parallel),
        "tracing": tracing,
        "organization": request.organization,
        "root_directory": request.info.root_directory,
    }
    flags = [word for name, value in named.items() if value for word in (f"--{name}", value)]
    return [*flags, request.info.entry_point or ".", *request.args]


def plugin_arguments(request: Any) -> list[str]:
    """Give the interpreter's arguments for a policy pack, or another plugin that is a directory."""
    directory = request.info.program_directory
    if request.kind == "analyzer":
        return ["-u", "-m", "pulumi.policy", *request.args, directory]
    return ["-u", directory, *request.args]


def _refuse(context: Any, why: str) -> None:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, why)  # raises


def _always(response: Callable[[], Any]) -> Any:
    return lambda _self, _request, _context: response()


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. What a call started ends with that call, or with the host."""

    def __init__(self, engine: str, tracing: str) -> None:
        self._engine = engine
        self._tracing = tracing

    Handshake = _always(language_pb2.LanguageHandshakeResponse)
    GetPluginInfo = _always(plugin_pb2.PluginInfo)
    # Nothing: what is named here the engine downloads first. It finds the plugins when they are used.
    GetRequiredPackages = _always(language_pb2.GetRequiredPackagesResponse)
    GetRequiredPlugins = _always(language_pb2.GetRequiredPluginsResponse)
    GetProgramDependencies = _always(language_pb2.GetProgramDependenciesResponse)
    Cancel = _always(empty_pb2.Empty)  # the engine ends the calls, too

    def About(self, request: Any, context: Any) -> Any:
        python, _ = interpreter(request.info, os.environ, context)
        version = platform.python_version()
        if python != sys.executable:  # asked before every update: 20 ms spared where it is ours
            version = subprocess.check_output([python, "-V"], text=True).split()[1]
        return language_pb2.AboutResponse(executable=python, version=version)

    def Run(self, request: Any, context: Any) -> Any:
        python, environment = interpreter(request.info, os.environ, context)
        # In the environment, not among the arguments, which anybody may read: some of it is secret.
        environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        arguments = program_arguments(request, self._engine, self._tracing)
        # Its output is ours: the engine reads it line by line while the program runs.
        command = [python, "-u", str(EXECUTOR), *arguments]
        code = _start(context, command, env=environment, cwd=request.pwd).wait()
        if code in (0, _SHOWN):
            return language_pb2.RunResponse(bail=code == _SHOWN)
        how = f"exited with code {code}" if code > 0 else f"was ended by signal {-code}"
        return language_pb2.RunResponse(error=f"the program {how}")

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        given = dict(entry.split("=", 1) for entry in request.env) or os.environ
        python, environment = interpreter(request.info, given, context)
        # A policy pack's modules are found from its own directory.
        directory = request.info.program_directory if request.kind == "analyzer" else request.pwd
        command = [python, *plugin_arguments(request)]
        response = language_pb2.RunPluginResponse
        code = yield from _relay(response, context, command, env=environment, cwd=directory)
        yield response(exitcode=code)

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        python, environment = interpreter(request.info, os.environ, context)
        command = [python, "-m", "pip", "install", "-q", "-r", "requirements.txt"]
        options = {"env": environment, "cwd": request.info.program_directory}
        response = language_pb2.InstallDependenciesResponse
        if (yield from _relay(response, context, command, **options)):
            context.abort(grpc.StatusCode.INTERNAL, f"`{' '.join(command)}` failed")


def _start(context: Any, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    if not context.add_callback(child.kill):  # does nothing to one that has ended
        child.kill()
    return child


def _relay(
    response: Any, context: Any, command: list[str], **options: Any
) -> Generator[Any, None, int]:
    """Give what the command writes as it comes; return its exit code."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = _start(context, command, **pipes, **options)
    with selectors.DefaultSelector() as selector:
        for name in pipes:
            selector.register(getattr(child, name), selectors.EVENT_READ, name)
        while selector.get_map():
            for key, _ in selector.select():
                if data := os.read(key.fd, 65536):
                    yield response(**{key.data: data})
                else:
                    selector.unregister(key.fileobj)
    return child.wait()


def main() -> None:
    """Serve until the engine interrupts us, or is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    parser.add_argument("--tracing", default="")
    given, _ = parser.parse_known_args()
    # Told by the script that starts us: by now the engine may be gone already.
    parent = int(os.environ.get("STRONGROOM_ENGINE") or os.getppid())
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    # A signal reaches any thread, and Python's handler waits for the main one: this wakes it.
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    options = [(f"grpc.max_{way}_message_length", _MESSAGE_BYTES) for way in ("send", "receive")]
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=options)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(
        LanguageHost(given.engine, given.tracing), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201  how the engine learns it
    # An engine that was killed sends no signal: another parent is the sign.
    while not select.select([woken], [], [], 1)[0] and os.getppid() == parent:
        pass
    # At once, with all that we started: the engine waits for us.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
