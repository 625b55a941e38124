"""An encoder that publishes a test pattern at the speed of life, and what the platform says of the stream."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests.e2e.conftest import TIMEOUT_S, Creator, Platform
from tests.media_fixtures.tools import FFMPEG

T = TypeVar("T")
DEADLINE_S = 90


def eventually(look: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
    """Return what `look` finds, once it finds something."""
    until_s = time.monotonic() + deadline_s
    while time.monotonic() < until_s:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {deadline_s} s: {look}")


class Encoder:
    """Publish a clip again and again; like every encoder it comes back when it is turned away, or cut off."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self._lock = threading.Lock()
        self._is_wanted = True
        self._process = subprocess.Popen(argv)
        self._watch = threading.Thread(target=self._come_back, daemon=True)
        self._watch.start()

    def kill(self) -> None:
        """End it without a word to the server, and for good."""
        with self._lock:
            self._is_wanted = False
            self._process.kill()
        self._watch.join()

    def _come_back(self) -> None:
        while True:
            self._process.wait()
            with self._lock:
                if not self._is_wanted:
                    return
                self._process = subprocess.Popen(self.argv)


@dataclass(frozen=True, slots=True)
class Stage:
    """A channel with a stream key."""

    platform: Platform
    rtmp_url: str
    channel_id: str
    stream_key: str

    def argv(self, clip: Path, *, key: str | None = None) -> list[str]:
        """Return the command that publishes a clip again and again, without encoding it anew."""
        argv = [FFMPEG, "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy"]
        return [*argv, "-f", "flv", f"{self.rtmp_url}/{key or self.stream_key}"]

    @contextmanager
    def publishing(self, clip: Path) -> Iterator[Encoder]:
        """Publish while the block runs, then vanish."""
        encoder = Encoder(self.argv(clip))
        try:
            yield encoder
        finally:
            encoder.kill()

    def sessions(self) -> list[dict[str, Any]]:
        """Return the channel's sessions, oldest first, as the platform keeps them."""
        client = self.platform.session().client("dynamodb", endpoint_url=self.platform.emulator_url)
        items = client.scan(TableName=self.platform.outputs["LiveSessionsTable"])["Items"]
        found = [json.loads(item["data"]["S"]) for item in items if "data" in item]
        mine = [each for each in found if each.get("channel_id") == self.channel_id and "session_id" in each]
        return sorted(mine, key=lambda each: str(each["session_id"]))

    def live(self, state: str = "live") -> dict[str, Any]:
        """Return the newest session, once it is in that state."""
        return eventually(lambda: next((each for each in self.sessions()[-1:] if each["state"] == state), None))

    def playlist(self, session: dict[str, Any], name: str) -> str:
        """Return a playlist as viewers get it; "" while there is none."""
        url = f"{self.platform.edge_url}/live/{session['home']}/{session['session_id']}/{name}"
        answer = requests.get(url, timeout=TIMEOUT_S)
        return answer.text if answer.status_code == 200 else ""

    def segment_count(self, session: dict[str, Any], track: str = "video_source") -> int:
        """Return how many whole segments a track has."""
        return self.playlist(session, f"{track}/media.m3u8").count("#EXTINF")


def new_stage(creator: Creator, handle: str) -> Stage:
    """Make a channel with a stream key."""
    status = json.loads(creator.platform.cli("status", "--json").stdout)
    made = creator.call("POST", "/api/channels", json={"handle": handle, "name": handle})
    assert made.status_code == 201, made.text
    channel_id = made.json()["channel_id"]
    key = creator.call("POST", f"/api/channels/{channel_id}/stream-keys", json={"label": "test"})
    assert key.status_code == 201, key.text
    return Stage(creator.platform, status["rtmp_url"], channel_id, key.json()["stream_key"])
