"""The description of the API, for programs and for people. Both files are generated from the routes themselves."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from millrace.platform.http import Api, Document

api = Api("docs")
handler = api.chalice

HERE = Path(__file__).resolve().parent
# A new release is seen within five minutes.
CACHED = {"Cache-Control": "public, max-age=300"}


@api.route("GET", "/api/openapi.json", tag="docs")
def read_description() -> Document:
    """Read this description of the API (OpenAPI 3.1). Changes nothing."""
    return Document(_text("openapi.json"), headers=CACHED)


@api.route("GET", "/api/docs", tag="docs", media_type="text/html; charset=utf-8")
def read_page() -> Document:
    """Read the description as a page. Changes nothing."""
    return Document(_text("page.html"), headers={**CACHED, "Content-Security-Policy": _page_policy()})


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _page_policy() -> str:
    """Allow the page its own style, by the style's hash, and nothing else."""
    style = re.search("<style>(.*?)</style>", _text("page.html"), re.DOTALL)
    digest = hashlib.sha256(style[1].encode() if style else b"").digest()
    allowed = f"style-src 'sha256-{base64.b64encode(digest).decode()}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
