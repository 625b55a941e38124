"""EventBridge invokes functions as AWS does: asynchronously, with retries, and with a place for what fails for good.

Upstream calls the function once and forgets how it went: its retries, its dead-letter queue and its on-failure
destination exist, but only for S3's notifications and for ``InvocationType=Event``.
"""

import json
from collections.abc import Callable
from typing import Any

from emulator import upstream


def apply() -> None:
    """Send what EventBridge has for a function through Lambda's own asynchronous invocation."""
    service = upstream.module("services.lambda_svc")

    def dispatch(original: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def to_lambda(arn: str, payload: str) -> None:
            function, config, _ = service._get_func_record_for_ref(arn)
            if not function or not config:
                # Upstream logs what is missing.
                original(arn, payload)
                return
            service.invoke_async_with_retry(service._execution_record_for_config(function, config), _event(payload))

        return to_lambda

    upstream.replace(upstream.module("services.eventbridge"), "_dispatch_to_lambda", dispatch)


def _event(payload: str) -> Any:
    # A target's Input may be text that is no JSON.
    try:
        return json.loads(payload)
    except ValueError:
        return {"body": payload}
