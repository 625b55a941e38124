"""Structured logs and embedded metrics, built on first use."""

from functools import cache

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics

from millrace.platform import settings

NAMESPACE = "Millrace"


@cache
def logger() -> Logger:
    """Return the logger; pass a constant message, and what varies as keyword arguments."""
    return Logger(service=settings.optional("POWERTOOLS_SERVICE_NAME", "millrace"))


@cache
def metrics() -> Metrics:
    """Return the metrics of this invocation; an entry point's wrapper flushes them."""
    return Metrics(
        service=settings.optional("POWERTOOLS_SERVICE_NAME", "millrace"),
        namespace=settings.optional("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE),
    )
