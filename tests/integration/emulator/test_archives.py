"""The cache of unpacked archives."""

import stat
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from emulator.workers.extraction import ExtractionCache, UnsafeArchive, digest
from tests.integration.emulator.servers import archive


def linking(*links: tuple[str, str], files: dict[str, str] | None = None) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, points_to in links:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            target.writestr(entry, points_to)
        for name, content in (files or {}).items():
            target.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def cache(tmp_path: Path) -> ExtractionCache:
    root = tmp_path / "cache"
    root.mkdir()
    return ExtractionCache(root)


def test_an_archive_is_unpacked_once_with_its_modes(cache: ExtractionCache) -> None:
    content = archive({"bin/tool": "#!/bin/sh", "data.txt": "é"}, executable=("bin/tool",))

    directory = cache.directory(content)

    assert stat.S_IMODE((directory / "bin/tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((directory / "data.txt").stat().st_mode) == 0o644
    (directory / "mark").touch()
    assert (cache.directory(bytes(bytearray(content))) / "mark").exists()


@pytest.mark.parametrize(
    "content",
    [
        archive({"../outside": "x"}),
        archive({"/absolute": "x"}),
        archive({"a/../../outside": "x"}),
        linking(("link", "/etc/passwd")),
        linking(("a/link", "../../outside")),
        linking(("here", ".."), files={"here/outside": "x"}),
    ],
)
def test_an_archive_that_would_write_or_point_outside_is_refused(
    cache: ExtractionCache, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(UnsafeArchive):
        cache.directory(content)

    assert not (tmp_path / "outside").exists()
    assert not list((tmp_path / "cache").iterdir()), "nothing half-written stays"


def test_links_inside_an_archive_are_kept(cache: ExtractionCache) -> None:
    directory = cache.directory(linking(("lib/libx.so", "libx.so.1"), files={"lib/libx.so.1": "x"}))

    assert (directory / "lib/libx.so").read_text() == "x"
    assert (directory / "lib/libx.so").is_symlink()


def test_a_broken_archive_leaves_nothing(cache: ExtractionCache, tmp_path: Path) -> None:
    with pytest.raises(zipfile.BadZipFile):
        cache.directory(b"not a zip")

    assert not list((tmp_path / "cache").iterdir())


def test_what_no_function_needs_is_deleted(cache: ExtractionCache) -> None:
    kept, stale = archive({"a": "1"}), archive({"a": "2"})
    directories = [cache.directory(content) for content in (kept, stale)]

    assert cache.keep_only([digest(kept)]) == 1

    assert [directory.exists() for directory in directories] == [True, False]
