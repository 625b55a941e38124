"""What RTMPS needs: a certificate with its key, and no protocol older than TLS 1.2."""

import ssl
from pathlib import Path

__all__ = ["server_context"]


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a server with a PEM certificate chain and its key; raises OSError or ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
