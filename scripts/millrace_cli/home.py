"""What a platform on this machine keeps: folders, chosen ports, the account of its owner."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from scripts.checkout import state_dir
from scripts.millrace_cli.console import CommandFailed

STACK_NAME = "millrace"


@dataclass(frozen=True)
class Settings:
    """What was chosen at the last `up`, so that the next one and every other command finds it."""

    emulator_port: int = 4566
    edge_port: int = 8080
    rtmp_port: int = 1935
    # Where the ingest says how it is; nobody needs to know it by heart.
    ingest_port: int = 8081

    @property
    def emulator_url(self) -> str:
        """Return where the emulator answers."""
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def rtmp_url(self) -> str:
        """Return where encoders publish; the stream key follows."""
        return f"rtmp://127.0.0.1:{self.rtmp_port}/live"

    @property
    def edge_url(self) -> str:
        """Return where the site is served: "localhost", which browsers treat as a secure context."""
        return f"http://localhost:{self.edge_port}"


@dataclass(frozen=True)
class Home:
    """The folder of a platform's state."""

    path: Path

    @property
    def run_dir(self) -> Path:
        """Return where the supervisor keeps its socket and report."""
        return self.path / "run"

    @property
    def log_dir(self) -> Path:
        """Return where the logs are."""
        return self.path / "logs"

    @property
    def emulator_state(self) -> Path:
        """Return where the emulator keeps accounts, videos and media."""
        return self.path / "state"

    def settings(self) -> Settings:
        """Return the choices of the last `up`, the defaults before the first."""
        try:
            return Settings(**json.loads(self._settings_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Settings()

    def save(self, settings: Settings) -> None:
        """Remember the choices."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._settings_file.write_text(json.dumps(asdict(settings)), encoding="utf-8")

    def choose_ports(self, emulator: int | None, edge: int | None, rtmp: int | None = None) -> Settings:
        """Return the ports to use: as asked, as the environment says, as last time; 0 stands for any free one.

        Who lets the emulator have any port wants a platform beside another one, and means all ports.
        """
        remembered = self.settings() if self._settings_file.exists() else None
        known = remembered or Settings()
        ports = {}
        wishes = (("emulator_port", emulator), ("edge_port", edge), ("rtmp_port", rtmp), ("ingest_port", None))
        for name, asked in wishes:
            port = asked if asked is not None else _port_from_environment(f"MILLRACE_{name.upper()}")
            if name == "emulator_port":
                is_beside_another = port == 0
            elif port is None and name != "edge_port" and is_beside_another:
                port = 0
            last = getattr(known, name)
            if port == 0:
                port = last if remembered and is_free(last) else free_port()
            ports[name] = last if port is None else port
        return replace(known, **ports)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let only one command at a time change what runs."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        with (self.run_dir / "command.lock").open("a+") as lock:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise CommandFailed(f"another command is at work here ({lock.read().strip() or 'unknown'})") from None
            lock.truncate(0)
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield
            lock.truncate(0)

    @property
    def _settings_file(self) -> Path:
        return self.path / "settings.json"


def current_home() -> Home:
    """Return the home that this command works on."""
    return Home(state_dir())


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of the loopback interface."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether somebody accepts connections on this port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _port_from_environment(name: str) -> int | None:
    text = os.environ.get(name, "")
    if not text:
        return None
    if not text.isdigit() or int(text) > 65535:
        raise CommandFailed(f"{name} is {text!r}, which is not a port")
    return int(text)
