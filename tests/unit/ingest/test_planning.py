"""A stream gets the renditions that are worth it, and its own picture where browsers play that."""

from fractions import Fraction

import pytest

from millrace.media.live.command import AudioOutput, VideoOutput
from millrace.media.live.sps import PictureSize
from rtmp_ingest.format import StreamFormat
from rtmp_ingest.period import PeriodPlan
from rtmp_ingest.planning import can_copy, plan_period


def _plan(
    size: PictureSize | None, *, rate: int = 30, video: str = "avc1", audio: str = "mp4a", ladder: tuple[int, ...]
) -> PeriodPlan:
    stream = StreamFormat()
    stream.size, stream.frame_rate, stream.video_codec, stream.audio_codec = size, Fraction(rate), video, audio
    return plan_period(
        stream, number=0, has_video=True, has_audio=True, ladder=ladder, copies=can_copy(stream), grid_after_s=None
    )


def test_the_ladder_is_below_the_source_and_largest_first() -> None:
    plan = _plan(PictureSize(1920, 1080), ladder=(240, 1080, 480, 720, 480))
    assert plan.main.outputs == (VideoOutput("video_source"), AudioOutput())
    assert plan.ladder is not None
    assert plan.ladder.tracks == ("video_720p", "video_480p", "video_240p")
    assert [output.maxrate_bps for output in plan.ladder.outputs if isinstance(output, VideoOutput)] == [
        2_800_000,
        1_400_000,
        400_000,
    ]


def test_an_upright_picture_stays_upright() -> None:
    plan = _plan(PictureSize(720, 1280), ladder=(480,))
    assert plan.ladder is not None
    assert plan.ladder.outputs == (VideoOutput("video_480p", width=480, maxrate_bps=1_400_000),)


@pytest.mark.parametrize("size", [PictureSize(426, 240), None])
def test_a_small_picture_or_one_of_unknown_size_has_no_ladder(size: PictureSize | None) -> None:
    assert _plan(size, ladder=(480, 240)).ladder is None


def test_a_rendition_that_is_hardly_smaller_is_not_worth_it() -> None:
    plan = _plan(PictureSize(640, 520), ladder=(480, 240))
    assert plan.ladder is not None
    assert plan.ladder.tracks == ("video_240p",)


def test_high_frame_rates_get_more_bits() -> None:
    plan = _plan(PictureSize(1280, 720), rate=60, ladder=(480,))
    assert plan.ladder is not None
    assert plan.ladder.outputs[0] == VideoOutput("video_480p", height=480, maxrate_bps=2_100_000)


def test_other_codecs_are_encoded_at_their_own_size() -> None:
    plan = _plan(PictureSize(1280, 720), video="hvc1", audio=".mp3", ladder=())
    assert plan.main.outputs == (
        VideoOutput("video_source", maxrate_bps=2_800_000),
        AudioOutput(is_copy=False),
    )
