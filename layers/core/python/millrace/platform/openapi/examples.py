"""Examples for every body of the API, made from its schema: what a model gives itself comes first.

They are the same at every run, so that generated files change only when the API does.
"""

from collections.abc import Mapping
from typing import Any

from millrace.platform.http.route import JSON_TYPE

Json = dict[str, Any]

SAMPLE_ID = "01kc3v9m5t3q8x5f0h2j4n6p8r"
PROBLEM: Json = {
    "type": "urn:millrace:problem:invalid",
    "title": "Some values are not acceptable",
    "status": 422,
    "detail": "The request has values that are not acceptable.",
    "instance": "8c5f1b1e-0a0e-4c39-9f6e-3d1a5c1c7b52",
    "errors": [{"field": "title", "message": "String should have at most 200 characters"}],
}
# Deep enough for every body of ours; a schema that holds itself ends here.
MAX_DEPTH = 12
_FORMATS: Mapping[str, str] = {
    "date-time": "2026-05-04T03:02:01Z",
    "date": "2026-05-04",
    "email": "ada@example.org",
    "uri": "https://millrace.example/",
    "binary": "",
}
# By the name of a field, where its schema says no more than "a text".
_NAMES: Mapping[str, str] = {
    "email": "ada@example.org",
    "password": "mill wheel and river",
    "display_name": "Ada Lovelace",
    "title": "How a mill works",
    "filename": "mill.mp4",
    "handle": "ada",
    "language": "en",
}


def add_examples(document: Json) -> None:
    """Put an example beside the schema of every body in the document."""
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for media_type, content in body.get("content", {}).items():
                    if media_type == JSON_TYPE and "$ref" in content["schema"]:
                        content["example"] = sample(content["schema"], schemas)
    # One for all: every refusal is one of these, and they would be most of the document.
    schemas["Problem"]["examples"] = [PROBLEM]


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
    """Return a value that the schema allows."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, depth)
    for given in ("const", "default"):
        if given in schema and schema[given] is not None:
            return schema[given]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(schema[choice][0], schemas, name, depth)
    return _of_type(schema, schemas, name, depth)


def _of_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {}) if depth < MAX_DEPTH else {}
            return {field: sample(described, schemas, field, depth + 1) for field, described in fields.items()}
        case "array":
            return _items(schema, schemas, name, depth)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return _text(schema, name)


def _items(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [sample(item, schemas, name, depth + 1) for item in schema["prefixItems"]]
    if depth >= MAX_DEPTH or "items" not in schema or schema.get("maxItems") == 0:
        return []
    item = sample(schema["items"], schemas, name.removesuffix("s"), depth + 1)
    return [item] * max(1, schema.get("minItems", 1))


def _number(schema: Mapping[str, Any]) -> Any:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    return least + 1 if "exclusiveMinimum" in schema else least


def _text(schema: Mapping[str, Any], name: str) -> str:
    if "format" in schema and schema["format"] in _FORMATS:
        return _FORMATS[schema["format"]]
    if name.endswith("_id") or "a-hjkmnp-tv-z" in schema.get("pattern", ""):
        return SAMPLE_ID
    if name.endswith("_url"):
        return f"https://millrace.example/{name.removesuffix('_url')}"
    text = _NAMES.get(name, name.replace("_", " ") or "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 64)]
