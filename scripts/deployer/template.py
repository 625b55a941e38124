"""Read a CloudFormation template with its short-form tags, and write it as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import yaml

from scripts.deployer.errors import TemplateInvalid

Node: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"
Mapping: TypeAlias = dict[str, Node]

# Tags whose long form has no "Fn::" before the name.
_BARE = frozenset({"Ref", "Condition"})


class _Loader(yaml.SafeLoader):
    """Read `!Tag value` as `{"Fn::Tag": value}` and leave dates as text, as CloudFormation does."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Mapping:
    value: Node
    if isinstance(node, yaml.ScalarNode):
        value = str(loader.construct_scalar(node))
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = {str(key): item for key, item in loader.construct_mapping(node, deep=True).items()}
    else:
        raise TemplateInvalid(f"a !{suffix} tag has no value")
    if suffix == "GetAtt" and isinstance(value, str):
        value = list(value.split(".", 1))
    return {suffix if suffix in _BARE else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_template(path: Path) -> Mapping:
    """Return the template as plain data with every tag in its long form."""
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader with our tags
    except OSError as error:
        raise TemplateInvalid(f"{path.name} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TemplateInvalid(f"{path.name} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("Resources"), dict):
        raise TemplateInvalid(f"{path.name} has no Resources")
    return loaded


def section(template: Mapping, name: str) -> dict[str, Mapping]:
    """Return a section's entries that are mappings; an absent section has none."""
    entries = template.get(name)
    if not isinstance(entries, dict):
        return {}
    return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}


def write_json(template: Mapping) -> str:
    """Return the template in its shortest form."""
    return json.dumps(template, separators=(",", ":"), ensure_ascii=False)
