"""What is compressed, and what that does to its headers."""

import gzip

import pytest

from edge.compression import compressor_for
from edge.headers import Headers

PLAYLIST: Headers = (("content-type", "application/vnd.apple.mpegurl"), ("content-length", "2000"), ("etag", '"a"'))


def _changed(name: str, value: str) -> Headers:
    return (*(pair for pair in PLAYLIST if pair[0] != name), (name, value))


def test_text_is_compressed_and_its_headers_say_so() -> None:
    compressor = compressor_for("br,gzip", 200, PLAYLIST)
    assert compressor
    body = compressor.compress(b"x" * 1000) + compressor.compress(b"y" * 1000) + compressor.finish()
    assert gzip.decompress(body) == b"x" * 1000 + b"y" * 1000
    assert dict(compressor.headers(PLAYLIST)) == {
        "content-type": "application/vnd.apple.mpegurl",
        "etag": 'W/"a"',
        "vary": "accept-encoding",
        "content-encoding": "gzip",
    }


@pytest.mark.parametrize(
    ("accepted", "status", "headers"),
    [
        ("br", 200, PLAYLIST),
        ("", 200, PLAYLIST),
        ("gzip", 206, PLAYLIST),
        ("gzip", 200, _changed("content-type", "video/mp4")),
        ("gzip", 200, _changed("content-length", "999")),
        ("gzip", 200, _changed("content-length", "10000001")),
        ("gzip", 200, _changed("content-encoding", "br")),
        ("gzip", 200, _changed("cache-control", "no-transform")),
        ("gzip", 200, (("content-type", "text/html"),)),
    ],
)
def test_everything_else_is_left_as_it_is(accepted: str, status: int, headers: Headers) -> None:
    assert compressor_for(accepted, status, headers) is None
