"""The API as a page for people: one HTML file without scripts, pictures or anything from another host."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: #888; --accent: #0a7d62; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 { margin: 1rem 0 0; } h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; } a { color: var(--accent); }
pre { background: #8881; border-radius: 6px; overflow-x: auto; padding: .75rem; }
nav { columns: 14rem; } nav a { display: block; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .75rem; }
summary { cursor: pointer; padding: .5rem 0; }
summary b { color: var(--accent); display: inline-block; min-width: 4.5rem; }
summary span { color: var(--quiet); float: right; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; }
.quiet { color: var(--quiet); }
"""


def page(document: Json) -> str:
    """Write the page."""
    info = document["info"]
    operations = list(_operations(document))
    tags = [tag["name"] for tag in document["tags"]]
    sections = [_section(tag, [found for found in operations if tag in found[2]["tags"]]) for tag in tags]
    schemas = "".join(_schema_block(name, schema) for name, schema in document["components"]["schemas"].items())
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in [*tags, "Schemas"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info['description'])} "
        'For programs: <a href="/api/openapi.json">openapi.json</a>.</p>'
        f'<nav>{links}</nav>{"".join(sections)}<h2 id="Schemas">Schemas</h2>{schemas}</body></html>\n'
    )


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _section(tag: str, operations: list[tuple[str, str, Json]]) -> str:
    return f'<h2 id="{escape(tag)}">{escape(tag)}</h2>' + "".join(_operation(*found) for found in operations)


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [f"<p>{escape(operation.get('description', ''))}</p>" if "description" in operation else ""]
    if operation.get("parameters"):
        rows = [
            (item["name"], f"{item['in']}{', required' if item['required'] else ''}", _type(item["schema"]))
            for item in operation["parameters"]
        ]
        parts.append(_table(("parameter", "where", "type"), rows))
    if "requestBody" in operation:
        parts.append("<h4>Body</h4>" + _content(operation["requestBody"]["content"]))
    parts.append("<h4>Answers</h4>")
    good, refusals = _sorted_answers(operation["responses"])
    parts += [
        f"<p><b>{status}</b> {escape(answer['description'])}</p>{_content(answer.get('content', {}))}"
        for status, answer in good
    ]
    parts.append(_table(("otherwise", ""), [(status, escape(answer["description"])) for status, answer in refusals]))
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b>{method}</b> <code>{escape(path)}</code> '
        f"<span>{escape(_who(operation['security']))}</span><br>{escape(operation['summary'])}</summary>"
        f"{''.join(parts)}</details>"
    )


def _sorted_answers(responses: Json) -> tuple[list[tuple[str, Json]], list[tuple[str, Json]]]:
    good = [(status, answer) for status, answer in responses.items() if status[0] in "23"]
    return good, [(status, answer) for status, answer in responses.items() if status[0] not in "23"]


def _who(security: list[Json]) -> str:
    if not security:
        return "anybody"
    return "anybody; signed in, more" if {} in security else "signed in"


def _content(content: Mapping[str, Any]) -> str:
    parts = []
    for media_type, described in content.items():
        parts.append(f'<p class="quiet">{escape(media_type)}: {_type(described["schema"])}</p>')
        if "example" in described:
            parts.append(f"<pre>{escape(json.dumps(described['example'], indent=2, ensure_ascii=False))}</pre>")
    return "".join(parts)


def _schema_block(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"{escape(field)}{'' if field in required else ' <i class=quiet>optional</i>'}",
            _type(described) + _note(described),
        )
        for field, described in schema.get("properties", {}).items()
    ]
    body = _table(("field", "type"), rows) if rows else f"<p>{_type(schema)}</p>"
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<p>{escape(schema.get('description', ''))}</p>{body}</details>"
    )


def _type(schema: Mapping[str, Any]) -> str:
    """Write a schema's type, with links to the schemas that it names."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " or ".join(_type(item) for item in schema[choice])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "≥"), ("maximum", "≤"), ("minLength", "from"), ("maxLength", "up to"))
        if key in schema
    ]
    return escape(" ".join([str(schema.get("format") or schema.get("type", "anything")), *bounds]))


def _note(schema: Mapping[str, Any]) -> str:
    return f'<br><span class="quiet">{escape(schema["description"])}</span>' if "description" in schema else ""


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in header)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{lines}</table>"
