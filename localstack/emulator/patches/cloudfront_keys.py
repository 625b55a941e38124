"""``AWS::CloudFront::PublicKey`` and ``AWS::CloudFront::KeyGroup`` can be declared in a template.

Upstream has both in its CloudFront API but refuses templates that name them. The provisioners here call that API, so
that a key made by a stack is the same as one made by a client, and the edge can read it.
"""

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from emulator import upstream

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]
Answer = tuple[int, dict[str, str], Any]


def apply() -> None:
    """Register the two resource types."""
    cloudfront = upstream.module("services.cloudfront")
    types = upstream.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    types["AWS::CloudFront::PublicKey"] = _handlers(
        cloudfront, "public_key", "_public_keys", "PublicKeyConfig", attribute="CreatedTime"
    )
    types["AWS::CloudFront::KeyGroup"] = _handlers(
        cloudfront, "key_group", "_key_groups", "KeyGroupConfig", attribute="LastModifiedTime"
    )


def _handlers(cloudfront: Any, kind: str, store: str, property_name: str, *, attribute: str) -> dict[str, Any]:
    records: Mapping[str, Properties] = getattr(cloudfront, store)

    def provisioned(record: Properties) -> Provisioned:
        return record["Id"], {"Id": record["Id"], attribute: record[attribute]}

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        before = set(records)
        _call(getattr(cloudfront, f"_create_{kind}"), _xml(property_name, properties))
        (created,) = set(records) - before
        return provisioned(records[created])

    def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
        headers = {"if-match": records[physical_id]["ETag"]}
        _call(getattr(cloudfront, f"_update_{kind}"), physical_id, headers, _xml(property_name, new))
        return provisioned(records[physical_id])

    def delete(physical_id: str, properties: Properties) -> None:
        if physical_id in records:
            _call(getattr(cloudfront, f"_delete_{kind}"), physical_id, {"if-match": records[physical_id]["ETag"]})

    return {"create": create, "update": update, "delete": delete}


def _call(function: Callable[..., Answer], *arguments: Any) -> None:
    status, _, body = function(*arguments)
    if status >= 400:
        # Makes the stack roll back with CloudFront's own words.
        message = "".join(ET.fromstring(body).itertext())
        raise ValueError(message)


def _xml(property_name: str, properties: Properties) -> bytes:
    root = ET.Element(property_name)
    for name, value in properties[property_name].items():
        child = ET.SubElement(root, name)
        if isinstance(value, list):
            for item in value:
                ET.SubElement(child, "PublicKey").text = str(item)
        else:
            child.text = str(value)
    return ET.tostring(root)
