"""Homes and emulators for the tests of the command line and the deployer."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts.checkout import ROOT
from scripts.deployer.target import Target, local_target
from tests.integration.emulator import servers


@dataclass(frozen=True)
class Operator:
    """Somebody who runs `./millrace` with a home of their own."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, timeout_s: float = 240, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        quiet = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "AWS_"))}
        return subprocess.run(
            [str(ROOT / "millrace"), *arguments],
            check=False,
            cwd="/",
            env={**quiet, "MILLRACE_HOME": str(self.home), **self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    def status(self) -> dict[str, Any]:
        """Return what `status --json` says."""
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return an emulator to deploy to."""
    with servers.running(tmp_path_factory.mktemp("deployer") / "state", is_stock=False) as server:
        yield local_target(server.endpoint)
