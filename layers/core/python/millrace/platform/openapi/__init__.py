"""API descriptions, generated from the routes that the functions declare."""

from millrace.platform.openapi.document import api_document
from millrace.platform.openapi.gateway import gateway_body
from millrace.platform.openapi.loading import load_apis
from millrace.platform.openapi.page import page

__all__ = ["api_document", "gateway_body", "load_apis", "page"]
