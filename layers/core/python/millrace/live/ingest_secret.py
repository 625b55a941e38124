"""What an ingest proves itself with: one secret of the platform's own, made by the template."""

import hmac
from functools import cache

from millrace.live.errors import BadIngestSecret
from millrace.platform import clients, settings
from millrace.platform.http import Visitor

_SCHEME = "Bearer "


def check(visitor: Visitor) -> None:
    """Raise BadIngestSecret unless the request brings the secret."""
    given = visitor.headers.get("authorization", "")
    # Compared in constant time: an early difference would answer sooner.
    if not hmac.compare_digest(given.encode(), (_SCHEME + _secret()).encode()):
        raise BadIngestSecret


@cache
def _secret() -> str:
    return clients.secrets().get_secret_value(SecretId=settings.require("INGEST_SECRET"))["SecretString"]
