"""Pulumi's engine from its Go modules."""

import shutil
from pathlib import Path

from sandbox.toolchain import go
from sandbox.toolchain.progress import Say

# The proxies hold only some versions of the engine's module; of those that run SDK 3.272, this is the latest.
VERSION = "3.250.0"
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_RECIPE = go.Recipe(
    name="Pulumi",
    version=VERSION,
    binary="pulumi",
    package=f"{_PACKAGE}/cmd/pulumi",
    sums={
        _PACKAGE: "h1:T2eQ5Ujv3+H2FUqYuJ5pwUtKFDazdvkyG5P3V3iEt0I=",
        f"{_PACKAGE}/go.mod": "h1:kQbUKTlGS7n83eVx7X8zrhusm5lC2gIBGR1F4WR31yM=",
        _SDK: "h1:J9KDqsFS5rknqym7uVNjtcBF3M+9laOvpDAtY4xmaEg=",
        f"{_SDK}/go.mod": "h1:lzcc9vPbkWn3TLD4ZJTiz0lixYM3a/9pSNwsBLLmUEE=",
    },
    flags=f"-X {_SDK}/go/common/version.Version=v{VERSION}",
    replace="replace github.com/atotto/clipboard => "
    "github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e\n",
    takes="some 4 minutes on 2 cores",
    instead="install Pulumi >= 3.250 (https://www.pulumi.com/docs/install/)",
)


def build(directory: Path, say: Say) -> None:
    """Fill the directory with `pulumi` and the official scripts that run Python programs.

    Raises:
        ProblemError: if it can't be built.

    """
    python = go.build(_RECIPE, directory, say)[_SDK] / "python"
    for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        copy = directory / Path(script).name
        shutil.copyfile(python / script, copy)
        copy.chmod(0o755)
