"""The parts of multipart uploads, one file each until the object is put together."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from io import BufferedWriter
from pathlib import Path

_COPY_BYTES = 1 << 20


class PartFiles:
    """Directories of part files, one for each upload."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, upload_id: str, number: int, body: bytes) -> None:
        """Keep a part; one with the same number is replaced."""
        self._put(self._root / upload_id / str(number), [body])

    def read(self, upload_id: str, number: int) -> bytes:
        """Return a part."""
        return (self._root / upload_id / str(number)).read_bytes()

    def assemble(self, upload_id: str, numbers: Sequence[int]) -> Path:
        """Write the parts one after another into one file and return it; the parts stay."""
        target = self._root / upload_id / "object"
        self._put(target, (self._root / upload_id / str(number) for number in numbers))
        return target

    def discard(self, upload_id: str) -> None:
        """Delete what an upload has left."""
        shutil.rmtree(self._root / upload_id, ignore_errors=True)

    def keep_only(self, upload_ids: Iterable[str]) -> int:
        """Delete the parts of all uploads but these; return of how many."""
        wanted = set(upload_ids)
        stale = [entry.name for entry in self._root.iterdir() if entry.name not in wanted]
        for upload_id in stale:
            self.discard(upload_id)
        return len(stale)

    def _put(self, target: Path, pieces: Iterable[bytes | Path]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                if isinstance(piece, bytes):
                    file.write(piece)
                else:
                    _append(piece, file)
        Path(unfinished).replace(target)


def _append(source: Path, target: BufferedWriter) -> None:
    target.flush()
    with source.open("rb") as part:
        size_bytes = os.fstat(part.fileno()).st_size
        # The kernel copies, or only links blocks: half the processor time. Not every file system can.
        with contextlib.suppress(OSError, AttributeError):
            while size_bytes > part.tell():
                copied = os.copy_file_range(part.fileno(), target.fileno(), size_bytes - part.tell(), part.tell())
                part.seek(copied, os.SEEK_CUR)
        target.seek(0, os.SEEK_END)
        shutil.copyfileobj(part, target, _COPY_BYTES)
