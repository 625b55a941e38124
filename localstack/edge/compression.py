"""Compress text on its way into the cache, where the behaviour wants it and the answer fits."""

import zlib

from edge.headers import Headers, first, joined, replaced, without

# CloudFront compresses nothing smaller or larger.
_MIN_BYTES = 1_000
_MAX_BYTES = 10_000_000
_STATUSES = frozenset({200, 403, 404})
_TYPES = frozenset(
    {
        "application/dash+xml",
        "application/eot",
        "application/font",
        "application/font-sfnt",
        "application/javascript",
        "application/json",
        "application/opentype",
        "application/otf",
        "application/pdf",
        "application/pkcs7-mime",
        "application/protobuf",
        "application/rss+xml",
        "application/truetype",
        "application/ttf",
        "application/vnd.apple.mpegurl",
        "application/vnd.mapbox-vector-tile",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/xhtml+xml",
        "application/xml",
        "application/x-font-opentype",
        "application/x-font-truetype",
        "application/x-font-ttf",
        "application/x-httpd-cgi",
        "application/x-javascript",
        "application/x-mpegurl",
        "application/x-opentype",
        "application/x-otf",
        "application/x-perl",
        "application/x-ttf",
        "font/eot",
        "font/opentype",
        "font/otf",
        "font/ttf",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/js",
        "text/plain",
        "text/richtext",
        "text/tab-separated-values",
        "text/xml",
        "text/x-component",
        "text/x-java-source",
        "text/x-script",
        "vnd.apple.mpegurl",
    }
)


class Compressor:
    """A gzip stream. Brotli, which CloudFront prefers, would need another dependency; viewers take both."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)

    def compress(self, block: bytes) -> bytes:
        """Take a block; what comes out may be empty for now."""
        return self._stream.compress(block)

    def finish(self) -> bytes:
        """Return the rest."""
        return self._stream.flush()

    def headers(self, headers: Headers) -> Headers:
        """Return the headers of the compressed answer: its length is unknown and its entity tag weak."""
        headers = without(headers, ("content-length", "accept-ranges"))
        etag = first(headers, "etag")
        if etag and not etag.startswith("W/"):
            headers = replaced(headers, "etag", f"W/{etag}")
        vary = joined(headers, "vary")
        headers = replaced(headers, "vary", f"{vary}, accept-encoding" if vary else "accept-encoding")
        return (*headers, ("content-encoding", "gzip"))


def compressor_for(accepted: str, status: int, headers: Headers) -> Compressor | None:
    """Return a compressor when the viewer takes gzip and the answer is of a fitting status, type and size.

    As with CloudFront, an answer without Content-Length is left as it is.
    """
    length = first(headers, "content-length") or ""
    kind = (first(headers, "content-type") or "").partition(";")[0].strip().lower()
    fits = (
        "gzip" in accepted.split(",")
        and status in _STATUSES
        and first(headers, "content-encoding") is None
        and "no-transform" not in (joined(headers, "cache-control") or "")
        and kind in _TYPES
        and length.isdigit()
        and _MIN_BYTES <= int(length) <= _MAX_BYTES
    )
    return Compressor() if fits else None
