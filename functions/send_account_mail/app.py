"""Writes the mails of accounts: to prove an address, to replace a forgotten password, and to tell of a new one."""

from typing import Any

from millrace.accounts.mails import service
from millrace.platform.events import parse


def handler(event: dict[str, Any], _context: object) -> None:
    """Take an event from the bus. One that comes twice sends two mails; a failure is tried again by Lambda."""
    service.answer(parse(event["detail-type"], event["detail"]))
