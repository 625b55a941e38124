"""The processes of a running platform, one entry each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scripts.checkout import ROOT
from scripts.deployer.layers import Runtime, unpack_layer
from scripts.deployer.target import LOCAL_REGION
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


def _ingest(_home: Home, settings: Settings, outputs: Mapping[str, str]) -> ProcessSpec:
    argv = (str(environment_python("run")), "-m", "rtmp_ingest")
    tools = unpack_layer("FfmpegLayer", ROOT / "layers" / "ffmpeg", Runtime.of_this_machine())
    environ = {
        "PYTHONPATH": os.pathsep.join((str(ROOT / "layers" / "core" / "python"), str(ROOT))),
        "PATH": os.pathsep.join((str(tools / "bin"), os.environ.get("PATH", os.defpath))),
        "RTMP_PORT": str(settings.rtmp_port),
        "INGEST_HEALTH_PORT": str(settings.ingest_port),
        "API_URL": settings.edge_url,
        "MEDIA_BUCKET": outputs["MediaBucket"],
        "LIVE_MEDIA_TABLE": outputs["LiveMediaTable"],
        "INGEST_SECRET": outputs["IngestSecret"],
        "INGEST_DRAIN_S": "2",
        # The emulator takes anybody; the user's own credentials are never sent to it.
        "AWS_ENDPOINT_URL": settings.emulator_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": LOCAL_REGION,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Nothing here is behind a proxy of the outside world.
        "NO_PROXY": "*",
    }
    # Stopping means publishing what the encoders still hold.
    return ProcessSpec("ingest", argv, environ, str(ROOT), stop_timeout_s=30.0)


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
    Process(
        name="ingest",
        label="the ingest of live streams",
        spec=_ingest,
        health_url=lambda settings: f"http://127.0.0.1:{settings.ingest_port}/health",
        port=lambda settings: settings.rtmp_port,
        port_flag="--rtmp-port",
        needs_stack=True,
    ),
)
