"""Remember what a folder was built from, so that building it again costs nothing. Standard library only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

# Never part of what a build is made from: caches, and what a build itself leaves beside its sources.
_IGNORED = frozenset({"__pycache__", "node_modules", ".next", "dist", ".turbo", ".vite", "next-env.d.ts"})


def digest(paths: Iterable[Path], *facts: str) -> str:
    """Return the hash of files' (and folders') names, modes and bytes, and of further facts."""
    total = hashlib.sha256()
    for fact in facts:
        total.update(fact.encode() + b"\0")
    for path in paths:
        for file in _files(path):
            content = hashlib.sha256(file.read_bytes()).digest()
            name = file.relative_to(path).as_posix() if file != path else file.name
            executable = b"x" if file.stat().st_mode & 0o100 else b"-"
            total.update(name.encode() + b"\0" + executable + content)
    return total.hexdigest()


def is_current(folder: Path, name: str, stamp: str) -> bool:
    """Tell whether the folder carries this stamp."""
    try:
        return _stamp_file(folder, name).read_text(encoding="ascii") == stamp
    except OSError:
        return False


def write_stamp(folder: Path, name: str, stamp: str) -> None:
    """Mark the folder as built from what the stamp was made of."""
    file = _stamp_file(folder, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(stamp, encoding="ascii")


def _stamp_file(folder: Path, name: str) -> Path:
    return folder / ".stamps" / name


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name not in _IGNORED and not child.is_symlink():
                yield from _files(child)
