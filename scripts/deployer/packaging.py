"""Replace the local paths in a template by the addresses of uploaded artifacts.

| where | what is uploaded |
|---|---|
| `CodeUri` of a function, or of Globals | the folder, zipped |
| `ContentUri` of a layer | the folder, zipped; or what its Makefile builds, with `Metadata: BuildMethod: makefile` |
| `DefinitionUri` of a state machine or an API | the file |
| `Fn::Transform: AWS::Include`, `Location` | the file |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.deployer.artifacts import DeployBucket, zip_bytes
from scripts.deployer.errors import TemplateInvalid
from scripts.deployer.layers import Runtime, build_layer
from scripts.deployer.template import Mapping, Node, section

_FOLDERS = ("CodeUri", "ContentUri")
_FILES = ("DefinitionUri",)


@dataclass(frozen=True)
class Packager:
    """What packaging needs: where local paths start, where artifacts go, what layers are built for."""

    base: Path
    bucket: DeployBucket
    runtime: Runtime

    def package(self, template: Mapping) -> Mapping:
        """Return the template with every local path replaced; the given one is left alone."""
        packaged = self._includes(template)
        globals_ = {name: self._properties(name, entry, {}) for name, entry in section(packaged, "Globals").items()}
        resources = {name: self._resource(name, entry) for name, entry in section(packaged, "Resources").items()}
        return {**packaged, **({"Globals": {**globals_}} if globals_ else {}), "Resources": {**resources}}

    def _resource(self, name: str, resource: Mapping) -> Mapping:
        properties, metadata = resource.get("Properties"), resource.get("Metadata")
        if not isinstance(properties, dict):
            return resource
        return {
            **resource,
            "Properties": self._properties(name, properties, metadata if isinstance(metadata, dict) else {}),
        }

    def _properties(self, name: str, properties: Mapping, metadata: Mapping) -> Mapping:
        result = dict(properties)
        for key in (*_FOLDERS, *_FILES):
            value = result.get(key)
            if not isinstance(value, str) or value.startswith("s3://"):
                continue
            path = self._local(value, name)
            if key in _FILES:
                result[key] = self._upload_file(path)
            elif metadata.get("BuildMethod") == "makefile":
                built = build_layer(name, path, self.runtime)
                result[key] = self._address(self.bucket.put_file(built.archive, f"layers/{built.archive.name}"))
            else:
                result[key] = self._address(self.bucket.put(zip_bytes(path), ".zip"))
        return result

    def _includes(self, node: Mapping) -> Mapping:
        return {
            key: self._include(value) if key == "Fn::Transform" else self._descend(value) for key, value in node.items()
        }

    def _descend(self, node: Node) -> Node:
        if isinstance(node, dict):
            return self._includes(node)
        if isinstance(node, list):
            return [self._descend(item) for item in node]
        return node

    def _include(self, transform: Node) -> Node:
        if not isinstance(transform, dict) or transform.get("Name") != "AWS::Include":
            return transform
        parameters = transform.get("Parameters")
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        if not isinstance(parameters, dict) or not isinstance(location, str) or location.startswith("s3://"):
            return transform
        path = self._local(location, "AWS::Include")
        return {**transform, "Parameters": {**parameters, "Location": self._upload_file(path)}}

    def _upload_file(self, path: Path) -> str:
        return self._address(self.bucket.put(path.read_bytes(), path.suffix))

    def _local(self, location: str, user: str) -> Path:
        path = self.base / location
        if not path.exists():
            raise TemplateInvalid(f"{user} names {location}, which is not there")
        return path

    def _address(self, key: str) -> str:
        return f"s3://{self.bucket.name}/{key}"
