"""The description's examples and page: right for every schema, and safe whatever a text says."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from millrace.platform.openapi import page

ROOT = Path(__file__).parents[3]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
BODIES = [
    (operation["operationId"], name, content)
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
    for name, body in [("request", operation.get("requestBody", {})), *operation["responses"].items()]
    for media_type, content in body.get("content", {}).items()
    if media_type == "application/json" and "$ref" in content["schema"]
]


@pytest.mark.parametrize(("operation", "name", "content"), BODIES, ids=[f"{found[0]}-{found[1]}" for found in BODIES])
def test_every_body_has_an_example_that_its_schema_allows(operation: str, name: str, content: dict[str, Any]) -> None:
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    OAS31Validator(schema).validate(content["example"])


def test_the_problem_has_an_example_that_its_schema_allows() -> None:
    problem = DOCUMENT["components"]["schemas"]["Problem"]
    OAS31Validator({**problem, "components": DOCUMENT["components"]}).validate(problem["examples"][0])


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def test_the_page_shows_every_operation_and_loads_nothing() -> None:
    text = page(DOCUMENT)
    found = Tags()
    found.feed(text)
    operations = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert set(operations) <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    assert not found.tags & {"script", "link", "img", "iframe"}
    assert {link for link in found.links if not link.startswith("#")} == {"/api/openapi.json"}
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)


def test_a_docstring_cannot_break_the_page() -> None:
    hostile = json.loads(json.dumps(DOCUMENT).replace("Read the description as a page", "<script>alert(1)</script>"))
    assert "<script>" not in page(hostile)
