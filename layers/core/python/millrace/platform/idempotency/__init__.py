"""Requests that a client may send again: done once, answered each time."""

from millrace.platform.idempotency.service import Remembered, answer_once

__all__ = ["Remembered", "answer_once"]
