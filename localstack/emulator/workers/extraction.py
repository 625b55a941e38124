"""Unpack code and layers once, under the digest of the archive, for all workers to share."""

import functools
import hashlib
import io
import os
import shutil
import stat
import tempfile
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath


class UnsafeArchive(Exception):
    """An archive holds an entry that would be written outside its directory."""


class ExtractionCache:
    """Directories of unpacked archives, one for each content."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def directory(self, archive: bytes) -> Path:
        """Return the directory that holds the unpacked archive; unpack it the first time.

        Raises UnsafeArchive, or zipfile.BadZipFile.
        """
        target = self._root / digest(archive)
        if target.is_dir():
            return target
        with self._lock:
            if not target.is_dir():
                self._unpack(archive, target)
        return target

    def keep_only(self, digests: Iterable[str]) -> int:
        """Delete what no given archive needs, and half-written directories; return how many."""
        wanted = set(digests)
        stale = [entry for entry in self._root.iterdir() if entry.name not in wanted]
        for entry in stale:
            shutil.rmtree(entry, ignore_errors=True)
        return len(stale)

    def _unpack(self, archive: bytes, target: Path) -> None:
        # Written beside its place and renamed: a worker never sees half of an archive.
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=self._root))
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as source:
                for entry in source.infolist():
                    _write(source, entry, unfinished)
            unfinished.chmod(0o755)
            unfinished.rename(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


# Hashing a large layer costs more than starting a worker; the cache compares the bytes by identity first.
@functools.lru_cache(maxsize=32)
def digest(archive: bytes) -> str:
    """Return the SHA-256 of an archive in hexadecimal."""
    return hashlib.sha256(archive).hexdigest()


def _write(source: zipfile.ZipFile, entry: zipfile.ZipInfo, directory: Path) -> None:
    relative = PurePosixPath(entry.filename)
    if relative.is_absolute() or ".." in relative.parts:
        raise UnsafeArchive(f"the archive holds {entry.filename!r}")
    path = directory / relative
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        _link(path, source.read(entry).decode(), directory)
        return
    # Through a link that an earlier entry made, a file could land anywhere.
    if not path.parent.resolve().is_relative_to(directory.resolve()) or path.is_symlink():
        raise UnsafeArchive(f"the archive writes {entry.filename!r} through a link")
    with source.open(entry) as content, path.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    # The executable bits are what zipfile drops, and what bin/ffmpeg needs.
    path.chmod(0o444 | (mode & 0o777) if mode else 0o644)


def _link(path: Path, target: str, directory: Path) -> None:
    pointed_to = Path(os.path.normpath(path.parent.resolve() / target))
    if Path(target).is_absolute() or not pointed_to.is_relative_to(directory.resolve()):
        raise UnsafeArchive(f"the archive links {path.name!r} to {target!r}")
    path.symlink_to(target)
