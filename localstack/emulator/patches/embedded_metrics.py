"""Metrics that functions print in the embedded metric format reach CloudWatch.

Upstream keeps such lines in the log and nowhere else. They are read where the log of an invocation is stored, and
handed to CloudWatch's own PutMetricData, so that they are checked, stored and alarmed on like any other.
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from emulator import upstream

_MARK = '"_aws"'
_logger = logging.getLogger(__name__)


def apply() -> None:
    """Publish the metrics in every invocation's log."""

    def publishing(original: Callable[..., None]) -> Callable[..., None]:
        def emit_lambda_logs(func: Any, request_id: str, log_text: str, *rest: Any, **named: Any) -> None:
            original(func, request_id, log_text, *rest, **named)
            if _MARK in log_text:
                _publish(log_text)

        return emit_lambda_logs

    upstream.replace(upstream.module("services.lambda_svc"), "_emit_lambda_logs", publishing)


def _publish(log_text: str) -> None:
    put_metric_data = upstream.module("services.cloudwatch")._put_metric_data
    for line in log_text.splitlines():
        if _MARK not in line:
            continue
        try:
            for request in requests(json.loads(line)):
                put_metric_data({}, request, False, is_json=True)
        except (ValueError, TypeError, KeyError, AttributeError):
            # The line is a function's own output: whatever it holds must not fail the invocation.
            _logger.warning("a line marked as embedded metrics is not in that format")


def requests(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the PutMetricData requests that a record in the embedded metric format stands for."""
    metadata = record["_aws"]
    for directive in metadata["CloudWatchMetrics"]:
        data = [
            _datum(record, definition, dimensions, metadata["Timestamp"] / 1000)
            for dimensions in directive.get("Dimensions") or [[]]
            for definition in directive["Metrics"]
            if definition["Name"] in record
        ]
        if data:
            yield {"Namespace": directive["Namespace"], "MetricData": data}


def _datum(record: dict[str, Any], definition: dict[str, Any], dimensions: list[str], at_s: float) -> dict[str, Any]:
    value = record[definition["Name"]]
    measured = {"Values": value} if isinstance(value, list) else {"Value": value}
    return {
        "MetricName": definition["Name"],
        "Dimensions": [{"Name": name, "Value": str(record[name])} for name in dimensions if name in record],
        "Timestamp": at_s,
        "Unit": definition.get("Unit", "None"),
        **measured,
    }
