"""Start MiniStack with our settings and patches, and stop it without leaving anything behind."""

import asyncio
import contextlib
import importlib
import importlib.metadata
import logging
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile

from emulator import patches, upstream
from emulator.guard import guarded
from emulator.settings import Settings, ministack_environment
from emulator.workers.sandboxes import Sandboxes

# Requests in flight get this long to end; a function that runs for a minute is not waited for.
_GRACE_S = 1.0
_KEEP_ALIVE_S = 75
_HEALTH_PATHS = ("/_ministack/health", "/_ministack/ready", "/_localstack/health")


class CannotStart(Exception):
    """The emulator cannot run here; the message is one line for the operator."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then save, kill every worker and leave the process."""
    _require_pinned_version()
    if not os.access(settings.lambda_python, os.X_OK):
        raise CannotStart(f"--lambda-python {settings.lambda_python} is not an executable file")
    listener = _listen(settings)
    _prepare_directories(settings)
    environment = ministack_environment(settings, dict(os.environ))
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = str(settings.scratch_dir)
    _raise_open_files_limit()

    sandboxes = Sandboxes(settings)
    try:
        patches.apply_all(settings, sandboxes)
    except upstream.UpstreamChanged as error:
        raise CannotStart(str(error)) from error
    try:
        asyncio.run(_serve(listener))
    finally:
        sandboxes.kill_all()
    # The state is saved. Threads of invocations that were cut short must not go on: they would only
    # record failures that never happened, and the interpreter would wait for them.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


async def _serve(listener: socket.socket) -> None:
    app = upstream.module("app")
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = _KEEP_ALIVE_S
    config.graceful_timeout = _GRACE_S
    logging.getLogger("hypercorn.access").addFilter(_is_not_health_check)

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serve = importlib.import_module("hypercorn.asyncio").serve
    await serve(guarded(app.app), config, shutdown_trigger=stopping.wait)


def _require_pinned_version() -> None:
    # The patches reach into private functions of exactly this version.
    try:
        installed = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError as error:
        raise CannotStart(f"MiniStack {upstream.PINNED_VERSION} is not installed for {sys.executable}") from error
    if installed != upstream.PINNED_VERSION:
        raise CannotStart(f"MiniStack {upstream.PINNED_VERSION} is needed, {installed} is installed")


def _listen(settings: Settings) -> socket.socket:
    # Bound here and handed on, so that a taken port is one clear line before anything is touched.
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise CannotStart(f"{settings.host}:{settings.port} cannot be used: {error.strerror}") from error
    return listener


def _prepare_directories(settings: Settings) -> None:
    # What earlier runs left in the scratch directory belongs to workers that are gone.
    shutil.rmtree(settings.scratch_dir, ignore_errors=True)
    for directory in settings.directories:
        directory.mkdir(parents=True, exist_ok=True)


def _raise_open_files_limit() -> None:
    # A thousand sockets are soon used by clients, workers and their pipes together.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _is_not_health_check(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return not any(path in message for path in _HEALTH_PATHS)
