"""``TimeToLiveSpecification`` in a template takes effect.

Upstream's DynamoDB expires items by it, but its CloudFormation ignores the property.
"""

from typing import Any

from emulator import upstream

_SPECIFICATION = "TimeToLiveSpecification"

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]


def apply() -> None:
    """Extend the create and update handlers of AWS::DynamoDB::Table."""
    handlers = upstream.resource_type("AWS::DynamoDB::Table")
    create_as_upstream = handlers["create"]
    update_as_upstream = handlers["update"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        table, attributes = create_as_upstream(logical_id, properties, stack_name)
        _set(table, properties.get(_SPECIFICATION))
        return table, attributes

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None
    ) -> Provisioned:
        table, attributes = update_as_upstream(physical_id, old, new, stack_name, logical_id)
        dropped = {**old[_SPECIFICATION], "Enabled": False} if old.get(_SPECIFICATION) else None
        _set(table, new.get(_SPECIFICATION) or dropped)
        return table, attributes

    handlers["create"] = create
    handlers["update"] = update


def _set(table: str, specification: Properties | None) -> None:
    if not specification:
        return
    # A template may carry the boolean as text.
    enabled = str(specification.get("Enabled", False)).lower() == "true"
    status, _, body = upstream.module("services.dynamodb")._update_ttl(
        {"TableName": table, _SPECIFICATION: {**specification, "Enabled": enabled}}
    )
    if status >= 400:
        raise ValueError(f"AWS::DynamoDB::Table {table}: {body!r}")
