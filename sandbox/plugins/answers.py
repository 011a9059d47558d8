"""What goes wrong, as the engine is told it."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.values import to_struct

Answer = TypeVar("Answer")
Method = Callable[[Any, Any, grpc.ServicerContext], Answer]


def one_line(method: Method[Answer]) -> Method[Answer]:
    """Turn what a method raises into one line for the engine."""

    @wraps(method)
    def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Answer:
        try:
            return method(self, request, context)
        except IncompleteError as error:
            context.set_trailing_metadata(_as_incomplete(error))
            wrong = str(error)
        except RefusedError as error:
            wrong = str(error)
        except Exception as error:  # noqa: BLE001  a bug of ours: named, but its text may hold a value
            wrong = f"the stand-in plugin failed: {_place(error)}"
        raise AssertionError(context.abort(grpc.StatusCode.UNKNOWN, wrong))  # abort raises

    return answer


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (
        ""
        if trace is None
        else f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    )
    return f"{type(error).__name__}{where}"


def _as_incomplete(error: IncompleteError) -> tuple[tuple[str, bytes], ...]:
    """Tell the engine that the resource exists all the same (pulumirpc.ErrorResourceInitFailed)."""
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.identity,
            properties=to_struct(error.state, secret=error.secret, nulls=error.nulls),
            reasons=[str(error)],
            inputs=None
            if error.inputs is None
            else to_struct(error.inputs, secret=error.secret, nulls=error.nulls),
        )
    )
    return (("grpc-status-details-bin", status.SerializeToString()),)
