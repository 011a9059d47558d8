"""The official chart (hashicorp/vault-helm): where it comes from, and a release of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The chart: one version from a repository, or a directory."""

    repository: str = "https://helm.releases.hashicorp.com"
    version: str = "0.34.1"
    directory: str | None = None


OFFICIAL = Chart()


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """One release of it."""

    chart: Chart
    release: str
    namespace: pulumi.Input[str]
    """Known once it is there."""
    values: pulumi.Input[dict[str, Any]]
    skip_await: bool
    """Whether the program goes on before its pods are ready."""


def chart_release(
    name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions
) -> kubernetes.helm.v3.Release:
    """Declare the release, which no failure deletes."""
    chart = args.chart
    of_directory = chart.directory is not None
    return kubernetes.helm.v3.Release(
        name,
        name=args.release,
        namespace=args.namespace,
        chart=str(Path(chart.directory).resolve()) if chart.directory else "vault",
        version=None if of_directory else chart.version,
        repository_opts=None if of_directory else {"repo": chart.repository},
        values=args.values,
        skip_await=args.skip_await,
        atomic=False,
        cleanup_on_fail=False,
        # Pods are replaced by `ops roll`, the leader last; a StatefulSet never.
        recreate_pods=False,
        force_update=False,
        create_namespace=False,
        opts=opts,
    )
