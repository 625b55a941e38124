"""Pictures stand still for a while: segments keep to what was promised, and players are told the truth."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from millrace.media import flv
from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.shedding import Shed
from tests.integration.ingest.studio import SESSION, Shelf, Studio, publish, tags_of, threads
from tests.integration.ingest.test_publishers import assert_sound
from tests.integration.ingest.viewing import playlists, problems
from tests.media_fixtures.live_clip import publishable


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publishable(tmp_path_factory.mktemp("clip") / "a.flv", seconds=14)


def _without_pictures(tags: Iterable[FlvTag], from_ms: int, to_ms: int) -> list[FlvTag]:
    return [tag for tag in tags if not (_is_picture(tag) and from_ms < tag.timestamp_ms < to_ms)]


def _is_picture(tag: FlvTag) -> bool:
    return tag.kind is TagKind.VIDEO and flv.video_header(tag.payload).packet is flv.PacketKind.FRAMES


def _problems(shelf: Shelf) -> list[str]:
    """Return what is wrong, but for what is meant so.

    There are fewer pictures a second than the encoder said. And where our encoder steps in, the profile of the picture
    changes, but a variant names one: Chromium refuses pictures of one track that are announced as two.
    """
    meant = ("hls-frame-rate-differs", "hls-codecs-differ")
    return [each for each in problems(shelf) if not each.startswith(meant)]


@pytest.mark.parametrize(
    ("from_ms", "to_ms"),
    [
        # Beyond the end of a segment; beyond a whole one; all of one; within one.
        (5500, 7990),
        (4500, 9990),
        (3990, 5990),
        (4500, 5500),
    ],
)
def test_frames_that_are_dropped_until_a_key_frame(clip: Path, from_ms: int, to_ms: int) -> None:
    shelf, studio = publish(_without_pictures(tags_of(clip), from_ms, to_ms))
    assert not studio.dismissals
    assert_sound(shelf)
    assert _problems(shelf) == []


def test_frames_that_are_dropped_where_we_encode_the_picture(tmp_path: Path) -> None:
    tags = tags_of(publishable(tmp_path / "a.flv", seconds=12, gop=120))
    shelf, studio = publish(_without_pictures(tags, 5500, 7990))
    assert not studio.dismissals
    assert_sound(shelf)
    assert _problems(shelf) == []


def test_frames_that_are_dropped_between_rare_key_frames(tmp_path: Path) -> None:
    tags = tags_of(publishable(tmp_path / "a.flv", seconds=12, gop=1000))
    shelf, studio = publish(_without_pictures(tags, 4500, 5990))
    assert not studio.dismissals
    assert_sound(shelf)
    assert _problems(shelf) == []


def test_a_long_gop_after_many_short_ones(tmp_path: Path) -> None:
    short = tags_of(publishable(tmp_path / "short.flv", seconds=7.5, gop=15))
    long = [tag for tag in tags_of(publishable(tmp_path / "long.flv", seconds=8), later_ms=7500) if _is_media(tag)]
    shelf, studio = publish([*short, *long])
    assert not studio.dismissals
    assert_sound(shelf)
    assert _problems(shelf) == []


def _is_media(tag: FlvTag) -> bool:
    if tag.kind is TagKind.AUDIO:
        return flv.audio_header(tag.payload).packet is flv.PacketKind.FRAMES
    return _is_picture(tag)


def test_sound_that_runs_ahead_of_its_pictures_breaks_nothing(clip: Path) -> None:
    early = [replace(tag, timestamp_ms=max(0, tag.timestamp_ms)) for tag in tags_of(clip)]
    # In the order of arrival sound is 0.8 s early; its times are right.
    order = sorted(early, key=lambda tag: tag.timestamp_ms - (800 if tag.kind is TagKind.AUDIO else 0))
    shelf, studio = publish(order)
    assert not studio.dismissals
    assert_sound(shelf)
    assert len(shelf.periods) == 1
    assert _problems(shelf) == []


@pytest.mark.parametrize("rate", [15, 12, 24])
def test_an_encoder_of_few_frames(tmp_path: Path, rate: int) -> None:
    shelf, studio = publish(tags_of(publishable(tmp_path / "a.flv", seconds=6, rate=rate, gop=2 * rate)))
    assert not studio.dismissals
    assert_sound(shelf)
    assert problems(shelf) == []


def test_a_rendition_that_is_shed_leaves_playlists_that_agree(clip: Path) -> None:
    tags = tags_of(clip)

    async def scene() -> Shelf:
        shelf = Shelf()
        with threads() as pool:
            studio = Studio(shelf, pool)
            await studio.send(tags[: len(tags) // 2])
            studio.stream._to_shed = Shed.ONE
            await studio.send(tags[len(tags) // 2 :])
            await studio.close()
            assert studio.stream.dropped == ("video_60p",)
        return shelf

    shelf = asyncio.run(scene())
    assert_sound(shelf)
    offered = playlists(shelf)[f"/live/public/{SESSION}/main.m3u8"]
    assert "video_source/media.m3u8" in offered
    assert "video_60p" not in offered
    assert problems(shelf) == []
    manifest = playlists(shelf)[f"/live/public/{SESSION}/manifest.mpd"]
    # What was there of it stays where it was, in a period of its own.
    assert manifest.count('id="video_60p"') == 1
    assert manifest.count("<Period ") == 2
