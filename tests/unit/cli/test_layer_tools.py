"""Processes of this machine use the tools of a layer."""

import stat
import zipfile
from pathlib import Path

import pytest

from scripts.deployer import layers
from scripts.deployer.layers import BuiltLayer, Runtime, unpack_layer


def test_a_layers_tools_can_be_run_and_are_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "ToolsLayer-abc.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        entry = zipfile.ZipInfo("bin/tool")
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, "#!/bin/sh\n")
    monkeypatch.setattr(layers, "build_layer", lambda *_: BuiltLayer("ToolsLayer", archive, 1, 1))
    folder = unpack_layer("ToolsLayer", tmp_path, Runtime.of_this_machine())
    tool = folder / "bin" / "tool"
    assert stat.S_IMODE(tool.stat().st_mode) == 0o755
    unpacked_at = tool.stat().st_mtime_ns
    assert unpack_layer("ToolsLayer", tmp_path, Runtime.of_this_machine()) == folder
    assert tool.stat().st_mtime_ns == unpacked_at
