"""Stand-in plugins, for networks on which the official ones can't be downloaded. Never used elsewhere."""

from pathlib import Path


def install(pulumi_home: Path, python: Path) -> None:
    """Put `vault`, `aws` and `kubernetes` where the engine looks for plugins of the installed SDKs' versions.

    `python` is the interpreter that runs them. What is there already and right is left alone; two runs at
    once do each other no harm.
    """
    # A plugin that starts imports this module too, and must be quick.
    from sandbox.plugins.installation import install_plugin  # noqa: PLC0415

    for name in ("vault", "aws", "kubernetes"):
        install_plugin(name, pulumi_home, python)
