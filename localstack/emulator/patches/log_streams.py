"""The logs of old invocations are dropped.

Upstream makes a log stream for each invocation and keeps all of them: in memory, in each listing, and in what is
saved. A laptop that runs for weeks would do little else.
"""

from collections.abc import Callable
from typing import Any

from emulator import upstream

# A stream is one invocation here.
MOST_STREAMS = 300


def apply() -> None:
    """Keep the newest streams of each function's log group."""
    logs = upstream.module("services.cloudwatch_logs")

    def emitting(original: Callable[..., None]) -> Callable[..., None]:
        def emit_lambda_logs(func: dict[str, Any], *rest: Any, **named: Any) -> None:
            original(func, *rest, **named)
            config = func.get("config") or func
            group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
            _trim((logs._log_groups.get(group) or {}).get("streams") or {})

        return emit_lambda_logs

    upstream.replace(upstream.module("services.lambda_svc"), "_emit_lambda_logs", emitting)


def _trim(streams: dict[str, Any]) -> None:
    while len(streams) > MOST_STREAMS:
        # Dictionaries keep the order of insertion, and invocations end in parallel: another may have been quicker.
        streams.pop(next(iter(streams)), None)
