"""A REST API of a stack keeps its id, so that its URL outlives a changed route, and a new state directory.

Upstream gives an API a random id, and a new one each time its OpenAPI body changes: it can only import a document as a
new API. Here the id is derived from the stack and the logical id, and a changed body is imported as a second API
whose resources then take the place of the first one's, as PutRestApi does with ``mode=overwrite``.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from emulator import upstream

_TYPE = "AWS::ApiGateway::RestApi"
# Upstream's own way to ask for an id. It stays out of the API's tags.
_CUSTOM_ID_TAG = "ms-custom-id"
# What an imported document defines, and an overwriting import therefore replaces.
_DEFINED_BY_BODY = ("_resources", "_authorizers_v1", "_models", "_gateway_responses", "_documentation_parts")
# API Gateway host names match only ids of this length, in hexadecimal.
_ID_LENGTH = 8

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]


def apply() -> None:
    """Replace the create and update handlers of AWS::ApiGateway::RestApi."""
    handlers = upstream.resource_type(_TYPE)
    gateway = upstream.module("services.apigateway_v1")
    create_as_upstream: Callable[..., Provisioned] = handlers["create"]
    update_as_upstream: Callable[..., Provisioned] = handlers["update"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        api_id = _stable_id(stack_name, logical_id)
        if gateway.find_api_scope(api_id) is not None:
            # Its predecessor is still there, or another account or Region has the same stack.
            return create_as_upstream(logical_id, properties, stack_name)
        tags = [*properties.get("Tags", ()), {"Key": _CUSTOM_ID_TAG, "Value": api_id}]
        created = create_as_upstream(logical_id, {**properties, "Tags": tags}, stack_name)
        gateway._rest_apis[api_id]["tags"].pop(_CUSTOM_ID_TAG, None)
        gateway._v1_tags[gateway._rest_api_arn(api_id)].pop(_CUSTOM_ID_TAG, None)
        return created

    def update(
        api_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None
    ) -> Provisioned:
        if isinstance(new.get("Body"), dict) and new["Body"] != old.get("Body"):
            imported, _ = create_as_upstream(logical_id or api_id, new, stack_name)
            _move(gateway, imported, api_id)
        # The rest of the properties, and the attributes.
        return update_as_upstream(api_id, {**old, "Body": new.get("Body")}, new, stack_name, logical_id)

    handlers["create"] = create
    handlers["update"] = update


def _stable_id(stack_name: str, logical_id: str) -> str:
    return hashlib.sha256(f"{stack_name}/{logical_id}".encode()).hexdigest()[:_ID_LENGTH]


def _move(gateway: Any, source: str, target: str) -> None:
    for name in _DEFINED_BY_BODY:
        store = getattr(gateway, name)
        store[target] = store[source]
    kept = gateway._rest_apis[target]
    gateway._rest_apis[target] = {
        **gateway._rest_apis[source],
        "id": target,
        "createdDate": kept["createdDate"],
        "tags": kept["tags"],
    }
    gateway._delete_rest_api(source)
