"""HTTP for functions behind API Gateway: typed views in, problem documents out."""

from millrace.platform.caller import Caller
from millrace.platform.http.api import Api
from millrace.platform.http.cursors import decode_cursor, encode_cursor
from millrace.platform.http.model import Access, Cookie, Document, Empty, ForeignInput, Input, Output, Page, Reply
from millrace.platform.http.preconditions import check_match, expected_version, matches
from millrace.platform.http.visitor import CrossSite, Visitor

__all__ = [
    "Access",
    "Api",
    "Caller",
    "Cookie",
    "CrossSite",
    "Document",
    "Empty",
    "ForeignInput",
    "Input",
    "Output",
    "Page",
    "Reply",
    "Visitor",
    "check_match",
    "decode_cursor",
    "encode_cursor",
    "expected_version",
    "matches",
]
