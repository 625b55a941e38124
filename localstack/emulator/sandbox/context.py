"""The context object that Lambda hands to a Python handler."""

import os
import time
from typing import Any


class LambdaContext:
    """What a handler may ask about its invocation; the names are Lambda's."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.aws_request_id: str = message["request_id"]
        self.invoked_function_arn: str = message["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = None
        self._deadline_ms: int = message["deadline_ms"]

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run, in milliseconds."""
        return max(0, self._deadline_ms - int(time.time() * 1000))
