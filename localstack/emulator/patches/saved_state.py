"""State is saved while the emulator runs, so that it survives being killed.

Upstream saves at a clean shutdown only. Here a thread saves every few seconds what has changed: nothing is looked at
while no request arrives, and a service whose state is what it was is not written again. A file is written aside and
renamed, so that a kill in the middle leaves the one before.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from emulator import upstream
from emulator.settings import Settings

# Work goes on without requests too (a schedule, a workflow that waits): then every so many intervals is soon enough.
_QUIET_INTERVALS = 6
# A state that changes while it is copied is copied again.
_ATTEMPTS = 5
_OWN_PATHS = "/_ministack/"
_logger = logging.getLogger(__name__)

GetState = Callable[[], object]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class StateFiles:
    """The files of the services' states, written when they change."""

    def __init__(self, directory: Path, serialise: Callable[[str, object], str]) -> None:
        self._directory = directory
        self._serialise = serialise
        self._written: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def save(self, services: Mapping[str, GetState]) -> None:
        """Write the states that differ from the last ones written."""
        with self._lock:
            for name, get_state in services.items():
                text = self._text(name, get_state)
                if text is not None:
                    self._write(name, text)

    def _text(self, name: str, get_state: GetState) -> str | None:
        for _ in range(_ATTEMPTS):
            try:
                state = get_state()
                # None: the service has not been loaded, and its file has to stay.
                return None if state is None else self._serialise(name, state)
            except RuntimeError:
                # Dictionaries are changed by other threads meanwhile.
                continue
            except (TypeError, ValueError):
                _logger.exception("the state of %s cannot be saved", name)
                return None
        _logger.warning("the state of %s never stood still; it is saved next time", name)
        return None

    def _write(self, name: str, text: str) -> None:
        content = text.encode()
        digest = hashlib.blake2b(content).digest()
        if self._written.get(name) == digest:
            return
        target = self._directory / f"{name}.json"
        unfinished = target.with_suffix(f".{os.getpid()}.unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(target)
        self._written[name] = digest


class Activity:
    """Whether any request has arrived lately."""

    def __init__(self) -> None:
        self._requests = 0
        self._seen = 0
        self._quiet_intervals = 0

    def watching(self, application: Application) -> Application:
        """Return the application, with its requests counted."""

        async def counting(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "lifespan" and not scope["path"].startswith(_OWN_PATHS):
                self._requests += 1
            try:
                await application(scope, receive, send)
            finally:
                # What a request leaves behind may be there only when it is over.
                self._requests += 1

        return counting

    def is_worth_a_save(self) -> bool:
        """Return whether to save now; to be asked once an interval."""
        has_requests = self._requests != self._seen
        self._seen = self._requests
        self._quiet_intervals = 0 if has_requests else self._quiet_intervals + 1
        return has_requests or self._quiet_intervals % _QUIET_INTERVALS == 1


def apply(settings: Settings) -> None:
    """Start the thread that saves, and write at shutdown in the same way."""
    app = upstream.module("app")
    persistence = upstream.module("core.persistence")
    encode: Callable[..., str] = persistence.json.dumps

    def serialise(service: str, state: object) -> str:
        version = persistence._state_format_version(service)
        return encode({"__ministack_format__": version, "payload": state}, default=persistence._json_default)

    files = StateFiles(settings.services_dir, serialise)
    activity = Activity()
    upstream.replace(app, "app", activity.watching)
    upstream.replace(app, "save_all", lambda _: files.save)

    def save_regularly() -> None:
        while True:
            time.sleep(settings.save_interval_s)
            if activity.is_worth_a_save():
                files.save(app._build_persistence_save_dict())

    threading.Thread(target=save_regularly, name="save-state", daemon=True).start()
