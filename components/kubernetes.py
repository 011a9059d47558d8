"""The connection to a Kubernetes cluster, as every component of ours uses it."""

import pulumi
import pulumi_kubernetes as kubernetes


def kubernetes_provider(
    name: str, *, context: str | None, opts: pulumi.ResourceOptions | None = None
) -> kubernetes.Provider:
    """Declare the provider. The kubeconfig is whatever KUBECONFIG names where the program runs: no part of the state.

    `context` is one of its contexts; None: the current one.
    """
    own = pulumi.ResourceOptions(transformations=[_without_kubeconfig])
    return kubernetes.Provider(
        name,
        context=context,
        # A changed Secret or ConfigMap is replaced otherwise: gone for a moment under the name that pods mount.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
        opts=pulumi.ResourceOptions.merge(opts, own),
    )


def _without_kubeconfig(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult:
    """Take out what the SDK takes from KUBECONFIG: a path of this machine, another on the next one."""
    props = {key: value for key, value in args.props.items() if key != "kubeconfig"}
    return pulumi.ResourceTransformationResult(props, args.opts)
