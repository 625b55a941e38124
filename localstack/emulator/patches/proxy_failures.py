"""A function that fails behind a REST API answers 502, without details, in the API's own shape.

Upstream puts the function's whole error, with its stack trace, into the answer and passes over the API's gateway
responses, so that a browser gets neither the problem document nor the CORS headers that AWS would send.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from emulator import upstream

_MESSAGE = "Internal server error"
_BAD_GATEWAY = 502
_DEFAULT_STATUS = 500

Answer = tuple[int, dict[str, str], bytes]


def apply() -> None:
    """Answer failed invocations through the gateway response DEFAULT_5XX."""
    gateway = upstream.module("services.apigateway_v1")

    def invoke(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def invoke_or_fail(*arguments: Any, **named: Any) -> Any:
            try:
                return await original(*arguments, **named)
            except _FunctionFailed:
                error = gateway._GatewayError("DEFAULT_5XX", _MESSAGE, "InternalServerErrorException")
                error.is_function_failure = True
                return error

        return invoke_or_fail

    def convert(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def or_fail(result: dict[str, Any]) -> Any:
            if result.get("error") and not result.get("throttle"):
                raise _FunctionFailed
            return original(result)

        return or_fail

    def render(original: Callable[..., Answer]) -> Callable[..., Answer]:
        def with_status(error: Any, request: Any) -> Answer:
            status, headers, body = original(error, request)
            if status == _DEFAULT_STATUS and getattr(error, "is_function_failure", False):
                status = _BAD_GATEWAY
            return status, headers, body

        return with_status

    upstream.replace(gateway, "_invoke_lambda_proxy_v1", invoke)
    upstream.replace(gateway, "_lambda_proxy_response", convert)
    upstream.replace(gateway, "_gateway_error_response", render)


class _FunctionFailed(Exception):
    """The function behind the API raised, timed out or died."""
