"""Make worker processes, and know all that run."""

import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator import upstream
from emulator.settings import Settings
from emulator.workers.environment import Places, environment
from emulator.workers.extraction import ExtractionCache
from emulator.workers.process import WorkerProcess


class Sandboxes:
    """The worker processes of one emulator."""

    def __init__(self, settings: Settings) -> None:
        self.archives = ExtractionCache(settings.extracted_dir)
        self._settings = settings
        self._lock = threading.Lock()
        self._running: set[WorkerProcess] = set()
        self._closed = False

    def start(self, config: Mapping[str, Any], code: bytes, layers: list[bytes]) -> tuple[WorkerProcess, Places]:
        """Start a process for the function; it has not loaded the handler yet."""
        places = Places(
            code=self.archives.directory(code),
            layers=tuple(self.archives.directory(layer) for layer in layers),
            scratch=Path(tempfile.mkdtemp(dir=self._settings.scratch_dir)),
        )
        runtime = upstream.module("core.lambda_runtime")
        _, region = runtime._account_region_from_function_config(config)
        variables = environment(
            config,
            places,
            endpoint=self._settings.endpoint,
            region=region,
            credentials=runtime.execution_credentials(config),
            machine=os.environ,
        )
        with self._lock:
            if self._closed:
                raise RuntimeError("the emulator is stopping")
            process = WorkerProcess(self._settings.lambda_python, variables, places.code, places.scratch)
            self._running = {running for running in self._running if running.poll() is None} | {process}
        return process, places

    def kill_all(self) -> None:
        """Kill every worker with all that it started; start none from now on."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            process.kill()
