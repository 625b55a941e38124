"""The whole platform, started once for the session as a user starts it, and a creator who uses its API."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

ROOT = Path(__file__).parents[2]
# A 2-core machine encodes a few seconds of video in this time even while it is busy.
PROCESSING_DEADLINE_S = 240
TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform: its addresses and its folder."""

    edge_url: str
    emulator_url: str
    home: Path
    outputs: dict[str, str]

    def session(self) -> boto3.Session:
        """Return a session that reaches nothing but the emulator, by `endpoint_url=platform.emulator_url`."""
        return boto3.Session("test", "test", region_name="us-east-1")

    def cli(self, *args: str, check: bool = True, timeout_s: int = 300) -> subprocess.CompletedProcess[str]:
        """Run `./millrace` against this platform."""
        return _cli(self.home, *args, check=check, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class Creator:
    """Somebody with an account."""

    platform: Platform
    token: str

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Call the API through the edge, signed in."""
        headers = {"Authorization": f"Bearer {self.token}"} | kwargs.pop("headers", {})
        return requests.request(method, self.platform.edge_url + path, headers=headers, timeout=TIMEOUT_S, **kwargs)

    def begin(self, path: Path, **fields: Any) -> dict[str, Any]:
        """Make a video for the file, without uploading it."""
        draft = {"title": path.stem, "filename": path.name, "size_bytes": path.stat().st_size, **fields}
        answer = self.call("POST", "/api/videos", json=draft)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def send(self, path: Path, upload: dict[str, Any]) -> None:
        """Put every part and complete the upload, by nothing but the addresses that the API gave."""
        etags = []
        with path.open("rb") as source:
            for part in upload["parts"]:
                put = requests.put(part["url"], data=source.read(upload["part_size_bytes"]), timeout=TIMEOUT_S)
                put.raise_for_status()
                etags.append((part["part_number"], put.headers["ETag"]))
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in etags)
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        requests.post(upload["complete_url"], data=body, timeout=TIMEOUT_S).raise_for_status()

    def upload(self, path: Path, **fields: Any) -> str:
        """Upload the file; return the video's id."""
        created = self.begin(path, **fields)
        self.send(path, created["upload"])
        return str(created["video"]["video_id"])

    def video(self, video_id: str) -> dict[str, Any]:
        """Return the video as the API shows it."""
        answer = self.call("GET", f"/api/videos/{video_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait(self, video_id: str) -> dict[str, Any]:
        """Wait until the video is ready or failed; return it."""
        deadline_s = time.monotonic() + PROCESSING_DEADLINE_S
        while time.monotonic() < deadline_s:
            found = self.video(video_id)
            if found["state"] in {"ready", "failed"}:
                return found
            time.sleep(0.3)
        raise AssertionError(f"still {found['state']} at {found['progress_percent']} %")


def command_environment(home: Path) -> dict[str, str]:
    """Return the environment in which `./millrace` works on that platform."""
    # Free ports, remembered in the home: a platform of the developer's own may run beside this one.
    ports = {"MILLRACE_EMULATOR_PORT": "0", "MILLRACE_EDGE_PORT": "0"}
    return {**os.environ, "MILLRACE_HOME": str(home), **ports}


def _cli(home: Path, *args: str, check: bool, timeout_s: int) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [str(ROOT / "millrace"), *args],
        env=command_environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if check and run.returncode:
        sys.stderr.write(run.stdout + run.stderr)
        raise AssertionError(f"millrace {' '.join(args)} ended with {run.returncode}")
    return run


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """`millrace up` in a folder of its own; `millrace down` at the end."""
    home = tmp_path_factory.mktemp("millrace")
    try:
        _cli(home, "up", check=True, timeout_s=600)
        status = json.loads(_cli(home, "status", "--json", check=True, timeout_s=60).stdout)
        yield Platform(status["edge_url"], status["emulator"], home, status["outputs"])
    finally:
        _cli(home, "down", check=False, timeout_s=60)


def register(platform: Platform, name: str) -> Creator:
    """Make an account and sign it in."""
    body = {"email": f"{name}@example.com", "password": f"a long enough pass-phrase of {name}"}
    answer = requests.post(f"{platform.edge_url}/api/auth/register", json=body, timeout=TIMEOUT_S)
    assert answer.status_code == 201, answer.text
    return Creator(platform, answer.json()["access_token"])


@pytest.fixture(scope="session")
def creator(platform: Platform) -> Creator:
    """An account of the tests."""
    return register(platform, "creator")


@pytest.fixture(scope="session")
def stranger(platform: Platform) -> Creator:
    """Another account, with no right to what the first one owns."""
    return register(platform, "stranger")
