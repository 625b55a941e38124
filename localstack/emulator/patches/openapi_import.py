"""The OpenAPI import of REST APIs keeps what API Gateway's own extensions say.

Upstream reads an integration's type, method and URI and drops the rest: methods declared as
``x-amazon-apigateway-any-method``, request templates and integration responses (a CORS preflight answered by a mock
comes out as ``{}`` without headers), gateway responses and binary media types.
"""

from collections.abc import Callable
from typing import Any

from emulator import upstream

_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
_BINARY_MEDIA_TYPES = "x-amazon-apigateway-binary-media-types"
_KEPT_AS_THEY_ARE = (
    "cacheKeyParameters",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "timeoutInMillis",
    "uri",
)

Document = dict[str, Any]


def apply() -> None:
    """Complete upstream's import of documents, paths and operations."""
    gateway = upstream.module("services.apigateway_v1")
    upstream.replace(gateway, "_import_rest_api", lambda original: _document_importer(gateway, original))
    upstream.replace(gateway, "_import_path_item", lambda original: _path_importer(gateway, original))
    upstream.replace(gateway, "_import_operation", lambda original: _operation_importer(gateway, original))


def _document_importer(gateway: Any, original: Callable[..., str]) -> Callable[..., str]:
    def import_rest_api(document: Document, base_data: Document | None = None) -> str:
        base = dict(base_data or {})
        base["binaryMediaTypes"] = base.get("binaryMediaTypes") or document.get(_BINARY_MEDIA_TYPES) or []
        api_id = original(document, base)
        for response_type, response in (document.get(_GATEWAY_RESPONSES) or {}).items():
            gateway._put_gateway_response(api_id, response_type, response)
        return api_id

    return import_rest_api


def _path_importer(gateway: Any, original: Callable[..., None]) -> Callable[..., None]:
    def import_path_item(api_id: str, path: str, item: Document, *security: Any) -> None:
        original(api_id, path, item, *security)
        if _ANY in item:
            wanted = path.rstrip("/") or "/"
            resources: dict[str, Document] = gateway._resources[api_id]
            resource_id = next(key for key, resource in resources.items() if resource["path"] == wanted)
            gateway._import_operation(api_id, resource_id, "ANY", item[_ANY], *security)

    return import_path_item


def _operation_importer(gateway: Any, original: Callable[..., None]) -> Callable[..., None]:
    def import_operation(api_id: str, resource_id: str, method: str, operation: Document, *security: Any) -> None:
        original(api_id, resource_id, method, operation, *security)
        integration = (operation or {}).get(_INTEGRATION)
        if not integration:
            return
        kept = {name: integration[name] for name in _KEPT_AS_THEY_ARE if name in integration}
        kind = str(integration.get("type", "")).upper()
        gateway._put_integration(api_id, resource_id, method, {"type": kind, **kept})
        for pattern, response in (integration.get("responses") or {}).items():
            status = str(response.get("statusCode", "200"))
            # "default" is the response that no pattern selects.
            selected_by = "" if pattern == "default" else pattern
            gateway._put_integration_response(
                api_id, resource_id, method, status, {**response, "selectionPattern": selected_by}
            )

    return import_operation
