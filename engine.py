"""How the program behaves towards Pulumi's engine."""

import asyncio
import contextlib
import gc
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulumi

REPEATABLE = (
    "vault:index/policy:Policy",
    "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser",
    "vault:jwt/authBackendRole:AuthBackendRole",
    "vault:kubernetes/authBackendRole:AuthBackendRole",
    "vault:kv/secretV2:SecretV2",
)
"""Types that are written over whatever is there, and deleted twice without harm: a run that died before recording
one of them is put right by the next. Anything else would be made a second time, or stand in the way."""

SKIP_CHECKPOINTS = "PULUMI_SKIP_CHECKPOINTS"
"""With it the engine records what it made when the run ends, and not after each resource."""

REFUSED = "must be recorded as soon as it exists"


def quicken() -> None:
    """Spare a large program what costs it half of its time. Call it once, first: before other imports, too.

    Measured with 1,000 services: thousands of futures are alive until the end, so the garbage collector walks
    them over and over and frees nothing; importing the providers' SDKs it takes a fifth. And `pulumi.log.debug` is
    a blocking call to the engine even when nobody debugs. The process ends with the run, so what isn't collected
    is returned then. For the rest see `_turn`.
    """
    import pulumi  # noqa: PLC0415  who only asks for the constants above gets them at once

    gc.disable()
    if os.environ.get("STRONGROOM_DEBUG") is None:
        pulumi.log.debug = _no_debug
    # Under mocks, where nothing waits, it is refused.
    with contextlib.suppress(pulumi.RunError):
        pulumi.run(_turn)


async def _turn() -> None:
    """Let every registration begin before the SDK waits for them.

    It waits for those that have begun, one after the other, and then for what outputs are left, each time looking
    at all of them anew. Where none has begun yet the latter is all that it does, which takes quadratic time.
    """
    await asyncio.sleep(0)


def _no_debug(*_: object, **__: object) -> None:
    """Take the place of `pulumi.log.debug`. STRONGROOM_DEBUG=1 keeps the original."""


def refuse_unrecorded() -> None:
    """Where checkpoints are skipped, let nothing be made or changed but what is repeatable. Call it before declaring.

    Who skips checkpoints saves ten times the time for thousands of acls, and would lose a key or a bucket in a
    crash: nobody would know of it, and the next run would make another. The engine asks before each operation.
    """
    import pulumi  # noqa: PLC0415  as above

    # As the engine reads it.
    if os.environ.get(SKIP_CHECKPOINTS, "").lower() not in ("1", "true"):
        return
    hook = pulumi.ResourceHook("recorded", _refuse)
    hooks = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    def guard(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        # A component is but a line of the state, and a provider a process.
        real = isinstance(args.resource, pulumi.CustomResource)
        if not real or args.type_ in REPEATABLE or args.type_.startswith("pulumi:providers:"):
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformationResult(props=args.props, opts=opts)

    pulumi.runtime.register_stack_transformation(guard)


def _refuse(args: "pulumi.ResourceHookArgs") -> None:
    raise RuntimeError(f"{args.name} {REFUSED}; run again without {SKIP_CHECKPOINTS}")
