"""Builds Pulumi's engine from its Go modules, where only package registries can be reached."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.problem import ProblemError
from sandbox.toolchain.progress import Say, step

# The proxies hold only some versions of the engine's module; of those that run SDK 3.272, this is the latest.
VERSION = "3.250.0"
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
# With these four every other module is pinned too: by the go.sum that the first one contains.
_SUMS = {
    _PACKAGE: "h1:T2eQ5Ujv3+H2FUqYuJ5pwUtKFDazdvkyG5P3V3iEt0I=",
    f"{_PACKAGE}/go.mod": "h1:kQbUKTlGS7n83eVx7X8zrhusm5lC2gIBGR1F4WR31yM=",
    _SDK: "h1:J9KDqsFS5rknqym7uVNjtcBF3M+9laOvpDAtY4xmaEg=",
    f"{_SDK}/go.mod": "h1:lzcc9vPbkWn3TLD4ZJTiz0lixYM3a/9pSNwsBLLmUEE=",
}
# A `replace` counts only in the module that is built: this is the engine's own.
_GO_MOD = f"""\
module strongroom.invalid/toolchain

go 1.25.11

require (
	{_PACKAGE} v{VERSION}
	{_SDK} v{VERSION}
)

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""
_GO_WANTED = (1, 25)
_FLAGS = f"-s -w -X {_SDK}/go/common/version.Version=v{VERSION}"


def version(search_path: str) -> tuple[int, ...] | None:
    """Give the version of the `go` on the search path, or None if there is none."""
    go = shutil.which("go", path=search_path)
    if go is None:
        return None
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    match = re.match(r"go(\d+)\.(\d+)", answer.stdout.strip())
    return None if match is None else tuple(int(part) for part in match.groups())


def usable(search_path: str) -> bool:
    """Say whether there is a Go that builds the engine."""
    found = version(search_path)
    return found is not None and found >= _GO_WANTED


def build(directory: Path, say: Say) -> None:
    """Fill the directory with `pulumi` and the official scripts that run Python programs.

    Raises:
        ProblemError: if a module can't be had, is not the one that we know, or does not build.

    """
    work = directory / "work"
    work.mkdir()
    (work / "go.mod").write_text(_GO_MOD)
    known = "".join(
        f"{name.removesuffix('/go.mod')} v{VERSION}{'/go.mod' * name.endswith('/go.mod')} {value}\n"
        for name, value in _SUMS.items()
    )
    (work / "go.sum").write_text(known)
    with step(say, f"fetching Pulumi {VERSION}'s Go modules"):
        downloaded = _go(
            work, "mod", "download", "-json", f"{_PACKAGE}@v{VERSION}", f"{_SDK}@v{VERSION}"
        )
    modules = _modules(downloaded)
    for name in (_PACKAGE, _SDK):
        if modules[name]["Sum"] != _SUMS[name]:
            raise ProblemError(
                f"the Go proxy serves another {name} v{VERSION} than the one that we know",
                "use another GOPROXY, or install Pulumi: https://www.pulumi.com/docs/install/",
            )
    (work / "go.sum").write_text(known + Path(modules[_PACKAGE]["Dir"], "go.sum").read_text())
    with step(say, f"building Pulumi {VERSION} (once; some 4 minutes on 2 cores)"):
        flags = ("-mod=mod", "-trimpath", "-ldflags", _FLAGS, "-o", str(directory / "pulumi"))
        _go(work, "build", *flags, f"{_PACKAGE}/cmd/pulumi")
    python = Path(modules[_SDK]["Dir"], "python")
    for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        copy = directory / Path(script).name
        shutil.copyfile(python / script, copy)
        copy.chmod(0o755)
    shutil.rmtree(work)


def _go(work: Path, *arguments: str) -> str:
    # Without cgo no C compiler is needed; a workspace of the person's own must not come in between.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(
        ["go", *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [module["Error"] for module in _modules(done.stdout).values() if "Error" in module]
        reason = " ".join((said or done.stderr.strip().splitlines() or ["nothing"])[-1].split())
        raise ProblemError(
            f"Pulumi {VERSION} can't be built, `go {arguments[0]}` says: {reason}",
            "set GOPROXY to one that can be reached, or install Pulumi >= 3.250 (https://www.pulumi.com/docs/install/)",
        )
    return done.stdout


def _modules(stream: str) -> dict[str, dict[str, str]]:
    """Read the JSON documents that `go mod download -json` writes one after another, by module."""
    decoder = json.JSONDecoder()
    found = {}
    rest = stream.strip()
    while rest:
        module, end = decoder.raw_decode(rest)
        found[module["Path"]] = module
        rest = rest[end:].strip()
    return found
