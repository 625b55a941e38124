"""Whatever dies on the way: each video ends ready, every frame of it, or failed with a reason."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chaos.monkey import Monkey
from tests.e2e.conftest import Creator, Platform
from tests.integration.emulator.servers import eventually
from tests.media_fixtures import FFPROBE, make_clip

pytestmark = pytest.mark.slow

SECONDS, RATE = 14, 25
# More by the environment, for a long run: MILLRACE_CHAOS_VIDEOS=30 MILLRACE_CHAOS_SEED=7
VIDEOS = int(os.environ.get("MILLRACE_CHAOS_VIDEOS", "3"))
SEED = int(os.environ.get("MILLRACE_CHAOS_SEED", "4"))
HARM_A_VIDEO = 4


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several chunks of little work."""
    return make_clip(tmp_path_factory.mktemp("chaos") / "film.mp4", seconds=SECONDS, size=(256, 144), rate=RATE)


def _objects(platform: Platform, video_id: str) -> list[str]:
    s3 = platform.session().client("s3", endpoint_url=platform.emulator_url)
    found = s3.list_objects_v2(Bucket=platform.outputs["MediaBucket"], Prefix=f"media/public/{video_id}/")
    return [each["Key"] for each in found.get("Contents", [])]


def _report(monkey: Monkey, ended: dict[str, dict[str, Any]]) -> None:
    """Write down what happened, for benchmarks/chaos.py."""
    if path := os.environ.get("MILLRACE_CHAOS_REPORT"):
        endings = Counter(video["failure"]["code"] if video["failure"] else "ready" for video in ended.values())
        Path(path).write_text(json.dumps({"done": monkey.done, "ended": endings}))


def _check_ready(video: dict[str, Any]) -> None:
    command = [FFPROBE, "-v", "error", "-count_packets", "-select_streams", "v:0", "-show_entries"]
    command += ["stream=nb_read_packets", "-of", "csv=p=0", video["playback"]["hls_url"]]
    counted = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert int(counted.split()[0].strip(",")) == SECONDS * RATE, "a frame is missing, or there twice"


def test_every_video_ends_ready_or_failed_with_a_reason(platform: Platform, creator: Creator, clip: Path) -> None:
    ended: dict[str, dict[str, Any]] = {}
    with Monkey(platform, SEED, most=VIDEOS * HARM_A_VIDEO) as monkey:
        for _ in range(VIDEOS):
            created = creator.begin(clip)
            creator.send(clip, created["upload"])
            monkey.uploads.append((created["video"]["video_id"], created["upload"]["upload_id"]))
        for video_id, _ in monkey.uploads:
            ended[video_id] = creator.wait(video_id)
    _report(monkey, ended)
    assert monkey.done, "nothing went wrong"
    for video_id, video in ended.items():
        if video["state"] == "ready":
            _check_ready(video)
        else:
            assert video["failure"]["message"], video_id


def test_a_workflow_that_is_stopped_behind_our_back_fails_its_video_and_leaves_nothing(
    platform: Platform, creator: Creator, clip: Path
) -> None:
    monkey = Monkey(platform, SEED, most=0)
    video_id = creator.upload(clip)

    def stopped() -> None:
        assert monkey.stop_workflow(video_id), creator.video(video_id)

    eventually(stopped, within_s=60)
    video = creator.wait(video_id)
    assert (video["state"], video["failure"]["code"]) == ("failed", "internal")

    def is_empty() -> None:
        assert _objects(platform, video_id) == []

    eventually(is_empty, within_s=60)
    assert creator.call("POST", f"/api/videos/{video_id}/retry").status_code == 202
    again = creator.wait(video_id)
    assert again["state"] == "ready", again["failure"]
    _check_ready(again)


def test_a_cancelled_video_stops_and_can_be_tried_again(platform: Platform, creator: Creator, clip: Path) -> None:
    video_id = creator.upload(clip)

    def cancelled() -> None:
        assert creator.call("POST", f"/api/videos/{video_id}/cancel").status_code == 200

    eventually(cancelled, within_s=60)
    assert creator.video(video_id)["failure"]["code"] == "cancelled"
    assert creator.call("POST", f"/api/videos/{video_id}/retry").status_code == 202
    again = creator.wait(video_id)
    assert again["state"] == "ready", again["failure"]
