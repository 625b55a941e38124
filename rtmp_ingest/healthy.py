"""Say to the container's keeper whether the ingest answers: `python -m rtmp_ingest.healthy`, 0 if it does.

One that drains answers as well: it must be left alone until its publishers are gone.
"""

import http.client

from millrace.platform import settings

__all__ = ["is_answering"]

_TIMEOUT_S = 4.0


def is_answering(port: int) -> bool:
    """Return whether something that speaks HTTP listens there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status in (200, 503)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(0 if is_answering(int(settings.optional("INGEST_HEALTH_PORT", "8081"))) else 1)
