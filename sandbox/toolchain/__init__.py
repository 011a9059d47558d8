"""Finds or makes what `make up` runs: Pulumi's engine with a Python language host, OpenBao, and helm.

Tried in this order: what is on PATH, Pulumi's official download, a build from Go's modules. Downloads and
builds are kept in a cache outside the checkout, by version.
"""

from sandbox.toolchain.toolchain import Toolchain, ensure

__all__ = ["Toolchain", "ensure"]
