"""HTTP for functions behind API Gateway: typed views in, problem documents out."""

from millrace.platform.caller import Caller
from millrace.platform.http.api import Api
from millrace.platform.http.cursors import decode_cursor, encode_cursor
from millrace.platform.http.model import Access, Cookie, Input, Output, Page, Reply

__all__ = [
    "Access",
    "Api",
    "Caller",
    "Cookie",
    "Input",
    "Output",
    "Page",
    "Reply",
    "decode_cursor",
    "encode_cursor",
]
