"""Layers are saved as files of their own, once.

Upstream does so for the code of functions, but writes every layer into ``lambda.json`` in base64: with an ffmpeg layer
a hundred megabytes, each time anything about Lambda is saved.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emulator import upstream
from emulator.settings import Settings
from emulator.workers.extraction import digest

_DATA = "_zip_data"
_REFERENCE = "_zip_file"


def apply(settings: Settings) -> None:
    """Replace layers by references in what is saved, and back when it is restored."""
    service = upstream.module("services.lambda_svc")
    directory = settings.services_dir / "layers"

    def get_state(original: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        def with_references() -> dict[str, Any]:
            state = original()
            kept = {_store(directory, version) for version in _versions(state["layers"])}
            _delete_others(directory, kept)
            return state

        return with_references

    def load_persisted_state(original: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        def with_data(state: dict[str, Any]) -> None:
            for version in _versions(state.get("layers") or {}):
                name = version.pop(_REFERENCE, None)
                if name:
                    version[_DATA] = (directory / name).read_bytes()
            original(state)

        return with_data

    upstream.replace(service, "get_state", get_state)
    upstream.replace(service, "load_persisted_state", load_persisted_state)


def _versions(layers: Any) -> Iterator[dict[str, Any]]:
    # Upstream's dictionary of all accounts and Regions hides all but the caller's.
    for layer in getattr(layers, "_data", layers).values():
        yield from layer.get("versions") or ()


def _store(directory: Path, version: dict[str, Any]) -> str:
    data = version.pop(_DATA, None)
    if not data:
        return ""
    name = digest(data)
    file = directory / name
    if not file.exists():
        directory.mkdir(exist_ok=True)
        unfinished = directory / f"{name}.unfinished"
        unfinished.write_bytes(data)
        unfinished.replace(file)
    version[_REFERENCE] = name
    return name


def _delete_others(directory: Path, kept: set[str]) -> None:
    if directory.is_dir():
        for file in directory.iterdir():
            if file.name not in kept:
                file.unlink(missing_ok=True)
