"""Build the layers as AWS would run them and hold them against Lambda's limits."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scripts.checkout import ROOT
from scripts.deployer.artifacts import write_zip
from scripts.deployer.layers import MAX_DIRECT_ZIP_BYTES, MAX_UNZIPPED_BYTES, BuiltLayer, Runtime, build_layer, measure
from scripts.deployer.template import load_template, section

_MB = 1024 * 1024


def measured_layers(template_path: Path, runtime: Runtime) -> list[BuiltLayer]:
    """Return every layer of the template, built for the runtime."""
    built = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, resource in section(load_template(template_path), "Resources").items():
            properties = resource.get("Properties")
            if resource.get("Type") != "AWS::Serverless::LayerVersion" or not isinstance(properties, dict):
                continue
            source = template_path.parent / str(properties["ContentUri"])
            metadata = resource.get("Metadata")
            if isinstance(metadata, dict) and metadata.get("BuildMethod") == "makefile":
                built.append(build_layer(name, source, runtime))
            else:
                archive = Path(scratch) / f"{name}.zip"
                write_zip(source, archive)
                built.append(measure(name, archive))
    return built


def violations(layers: list[BuiltLayer]) -> list[str]:
    """Return what Lambda would refuse; a function may use every layer at once, so their sum counts."""
    found = [
        f"{layer.name}: {layer.zip_bytes / _MB:.1f} MB zipped, {MAX_DIRECT_ZIP_BYTES / _MB:.0f} MB can be uploaded"
        for layer in layers
        if layer.zip_bytes > MAX_DIRECT_ZIP_BYTES
    ]
    total = sum(layer.unzipped_bytes for layer in layers)
    if total > MAX_UNZIPPED_BYTES:
        found.append(f"the layers have {total / _MB:.1f} MB unzipped, Lambda takes {MAX_UNZIPPED_BYTES / _MB:.0f} MB")
    return found


def main() -> int:
    """Print the sizes; fail if one is too much."""
    layers = measured_layers(ROOT / "template.yaml", Runtime("3.13", "x86_64"))
    for layer in layers:
        print(f"  {layer.name:12} {layer.zip_bytes / _MB:6.1f} MB zipped {layer.unzipped_bytes / _MB:7.1f} MB unzipped")
    total = sum(layer.unzipped_bytes for layer in layers)
    print(f"  {'in all':12} {'':16} {total / _MB:7.1f} MB of {MAX_UNZIPPED_BYTES / _MB:.0f}")
    found = violations(layers)
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
