"""The processes of a running platform, one entry each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scripts.checkout import ROOT
from scripts.environments import base_python, environment_python
from scripts.millrace_cli.home import Home, Settings
from scripts.supervisor.messages import ProcessSpec


@dataclass(frozen=True)
class Process:
    """How to run one process, and how to tell that it works."""

    name: str
    # What it says to the person: "Starting <label>".
    label: str
    spec: Callable[[Home, Settings, Mapping[str, str]], ProcessSpec]
    health_url: Callable[[Settings], str]
    port: Callable[[Settings], int]
    # The flag of `up` that moves it to another port.
    port_flag: str
    needs_stack: bool
    start_timeout_s: float = 60.0


def _emulator(home: Home, settings: Settings, _outputs: Mapping[str, str]) -> ProcessSpec:
    argv = (
        *(str(environment_python("emulator")), "-m", "emulator"),
        *("--port", str(settings.emulator_port)),
        *("--state", str(home.emulator_state)),
        *("--lambda-python", str(base_python())),
        *("--save-interval", "10"),
    )
    # Stopping means saving everything first.
    return ProcessSpec("emulator", argv, {"PYTHONPATH": str(ROOT / "localstack")}, str(ROOT), stop_timeout_s=30.0)


def _edge(_home: Home, settings: Settings, outputs: Mapping[str, str]) -> ProcessSpec:
    argv = (
        *(str(environment_python("run")), "-m", "edge"),
        *("--endpoint", settings.emulator_url),
        *("--port", str(settings.edge_port)),
        *("--distribution", outputs["DistributionId"]),
    )
    path = os.pathsep.join((str(ROOT / "localstack"), str(ROOT / "layers" / "core" / "python")))
    return ProcessSpec("edge", argv, {"PYTHONPATH": path}, str(ROOT))


# In the order in which they are started; they are stopped in the opposite one.
PROCESSES = (
    Process(
        name="emulator",
        label="the emulator",
        spec=_emulator,
        health_url=lambda settings: f"{settings.emulator_url}/_ministack/health",
        port=lambda settings: settings.emulator_port,
        port_flag="--emulator-port",
        needs_stack=False,
    ),
    Process(
        name="edge",
        label="the edge",
        spec=_edge,
        health_url=lambda settings: f"http://127.0.0.1:{settings.edge_port}/_edge/health",
        port=lambda settings: settings.edge_port,
        port_flag="--edge-port",
        needs_stack=True,
    ),
)
