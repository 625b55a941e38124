"""What the emulator is told on its command line, and what it tells MiniStack."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Any of these, exported in the operator's shell for another project, would change what we start.
_UNWANTED = (
    "AUTH",
    "AWS_ENDPOINT_URL",
    "EDGE_PORT",
    "LAMBDA_STRICT",
    "LOCALSTACK_HOSTNAME",
    "LOCALSTACK_PERSISTENCE",
    "MINISTACK_LAMBDA_PROXY_URL",
    "SERVICES",
    "USE_SSL",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """One emulator: where it listens, where it keeps its state, what runs its functions."""

    host: str
    port: int
    state_dir: Path
    lambda_python: Path
    save_interval_s: float

    @property
    def endpoint(self) -> str:
        """Return the address that functions and clients use."""
        return f"http://{self.host}:{self.port}"

    @property
    def services_dir(self) -> Path:
        """Return where each service's state is written, one JSON file a service."""
        return self.state_dir / "services"

    @property
    def objects_dir(self) -> Path:
        """Return where S3 object bodies are kept."""
        return self.state_dir / "objects"

    @property
    def parts_dir(self) -> Path:
        """Return where the parts of unfinished uploads are kept."""
        return self.state_dir / "parts"

    @property
    def extracted_dir(self) -> Path:
        """Return the cache of unpacked code and layers, keyed by content."""
        return self.state_dir / "extracted"

    @property
    def scratch_dir(self) -> Path:
        """Return what may be deleted at every start: the workers' temporary files."""
        return self.state_dir / "scratch"

    @property
    def directories(self) -> tuple[Path, ...]:
        """Return all of the above."""
        return (self.services_dir, self.objects_dir, self.parts_dir, self.extracted_dir, self.scratch_dir)


def ministack_environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to start MiniStack with.

    MiniStack reads it while its modules are imported, so it has to be in place before.
    """
    kept = {name: value for name, value in inherited.items() if name not in _UNWANTED}
    return kept | {
        "BIND_HOST": settings.host,
        "GATEWAY_PORT": str(settings.port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.services_dir),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.objects_dir),
        "TMPDIR": str(settings.scratch_dir),
        # Listeners that nothing of ours uses; both would bind every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Stock start-up removes containers it takes for its own. Functions run as processes here,
        # so it is given no daemon to talk to.
        "DOCKER_HOST": f"unix://{os.devnull}/absent",
        "LAMBDA_EXECUTOR": "local",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "",
    }
