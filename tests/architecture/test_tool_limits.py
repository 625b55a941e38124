"""A tool takes no more memory and scratch space than the template gives the function that runs it."""

import re
from pathlib import Path
from typing import Any

import pytest

from millrace.transcode import encode, pictures, poster, probe, tools
from tests.architecture.test_template import RESOURCES, TEMPLATE

ROOT = Path(__file__).parents[2]
STEPS = ROOT / "layers" / "core" / "python" / "millrace" / "transcode"
FILES = {
    "ProbeSource": probe.FILE_BYTES,
    "EncodeChunk": encode.FILE_BYTES,
    "EncodeAudio": encode.SOUND_FILE_BYTES,
    "MakePoster": poster.FILE_BYTES,
    "MakePictures": pictures.FILE_BYTES,
}
# Address space of ffmpeg with six threads: measured 953 MB for all renditions of 1080p, and 3 GB for those of 2160p.
FULL_HD_MB, UHD_MB = 1000, 3000


def _function(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = RESOURCES[f"{name}Function"]["Properties"]
    return properties


def _sizes_mb(name: str) -> set[int]:
    size = _function(name).get("MemorySize", TEMPLATE["Globals"]["Function"]["MemorySize"])
    if isinstance(size, dict):
        parameter = TEMPLATE["Parameters"][size["Ref"]]
        return {parameter[which] for which in ("MinValue", "Default", "MaxValue")}
    return {size}


@pytest.mark.parametrize("name", FILES)
def test_a_tool_leaves_room_for_its_function(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for size_mb in _sizes_mb(name):
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(size_mb))
        limits = tools.tool_limits(file_bytes=FILES[name])
        assert limits.memory_bytes is not None
        assert limits.memory_bytes <= (size_mb - tools.OWN_MB) << 20


@pytest.mark.parametrize("name", FILES)
def test_files_of_a_tool_fit_into_scratch_space(name: str) -> None:
    scratch_mb = _function(name).get("EphemeralStorage", {}).get("Size", 512)
    assert FILES[name] <= scratch_mb << 20


def test_the_smallest_encoder_that_may_be_set_encodes_1080p_and_the_usual_one_2160p(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = TEMPLATE["Parameters"]["EncodeMemoryMb"]
    for size_mb, needed_mb in ((sizes["MinValue"], FULL_HD_MB), (sizes["Default"], UHD_MB)):
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(size_mb))
        room = tools.tool_limits(file_bytes=1).memory_bytes
        assert room is not None
        assert room >= needed_mb << 20


def test_ffprobe_ends_before_its_function_does() -> None:
    (size_mb,) = _sizes_mb("ProbeSource")
    assert (size_mb - tools.OWN_MB) << 20 >= probe.MEMORY_BYTES


def test_every_step_bounds_its_tools_by_its_function() -> None:
    for path in STEPS.rglob("*.py"):
        if path.name != "tools.py":
            assert not re.search(r"ProcessLimits\(", path.read_text()), path.name
