"""At start, what nothing refers to any more is deleted: unpacked archives, and parts of uploads that are gone.

It can be told only once the saved state has been loaded.
"""

import base64
import logging
from collections.abc import Callable, Iterator
from typing import Any

from emulator import upstream
from emulator.objects.part_files import PartFiles
from emulator.workers.extraction import ExtractionCache

_logger = logging.getLogger(__name__)


def apply(archives: ExtractionCache, parts: PartFiles) -> None:
    """Tidy up after the saved state has been loaded."""

    def load(original: Callable[[], None]) -> Callable[[], None]:
        def and_tidy_up() -> None:
            original()
            unpacked = archives.keep_only(_digests(upstream.module("services.lambda_svc")))
            uploads = parts.keep_only(key[-1] for key in upstream.module("services.s3")._multipart_uploads._data)
            if unpacked or uploads:
                _logger.info("deleted %d unpacked archives and the parts of %d uploads", unpacked, uploads)

        return and_tidy_up

    upstream.replace(upstream.module("app"), "_load_persisted_state", load)


def _digests(service: Any) -> Iterator[str]:
    for function in service._functions._data.values():
        versions = [version.get("config") or {} for version in (function.get("versions") or {}).values()]
        for config in (function.get("config") or {}, *versions):
            yield _hexadecimal(config.get("CodeSha256"))
    for layer in service._layers._data.values():
        for version in layer.get("versions") or ():
            yield _hexadecimal((version.get("Content") or {}).get("CodeSha256"))


def _hexadecimal(sha256_base64: str | None) -> str:
    return base64.b64decode(sha256_base64 or "").hex()
