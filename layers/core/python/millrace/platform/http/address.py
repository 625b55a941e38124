"""Where a request comes from.

The gateway knows who connected to it. Behind CloudFront that is a server of CloudFront's, which wrote the viewer's
address at the end of `X-Forwarded-For`; but whatever stands before it came from the viewer, and a client that goes
round CloudFront writes all of it. So the header counts only beside the secret that the distribution adds to what it
sends to the gateway (`OriginSecret` in the template).
"""

import hmac
from collections.abc import Mapping

from millrace.platform import settings

ORIGIN_HEADER = "x-millrace-origin"
SECRET_SETTING = "ORIGIN_SECRET"  # noqa: S105 - the name of a setting


def client_address(headers: Mapping[str, str], connected: str) -> str:
    """Return the client's address; `headers` by lower-case name, `connected` is who connected to the gateway."""
    if not is_from_distribution(headers):
        return connected
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    # The gateway adds who connected to it, so CloudFront's own word is the one before.
    if hops and hops[-1] == connected:
        hops.pop()
    return hops[-1] if hops else connected


def is_from_distribution(headers: Mapping[str, str]) -> bool:
    """Tell whether the distribution sent this, so that what CloudFront adds to a request is its own word."""
    secret = settings.optional(SECRET_SETTING)
    return bool(secret) and hmac.compare_digest(headers.get(ORIGIN_HEADER, "").encode(), secret.encode())
