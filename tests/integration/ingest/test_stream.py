"""A publish becomes media that viewers can play, whatever the publisher does."""

from pathlib import Path

from tests.integration.ingest.studio import PLACE, publish, tags_of
from tests.media_fixtures.live_clip import publishable


def test_a_publish_is_stored_and_shown_in_order(tmp_path: Path) -> None:
    shelf, studio = publish(tags_of(publishable(tmp_path / "a.flv", bframes=2)))
    assert not shelf.faults
    assert not studio.dismissals
    assert [track.name for track in shelf.periods[0].tracks] == ["video_source", "video_60p", "audio"]
    source, lower, audio = shelf.periods[0].tracks
    assert (source.width, source.height, lower.height) == (160, 90, 60)
    assert audio.sample_rate_hz == 48_000
    assert [segment.number for segment in shelf.segments] == [1, 2, 3]
    for segment in shelf.segments:
        assert set(segment.tracks) == {"video_source", "video_60p", "audio"}
        for name in segment.tracks:
            stored = shelf.objects[PLACE.segment_key(name, 0, segment.number)]
            assert stored == shelf.parts_of(name, segment.number)
    gaps = {
        (after.program_date_time - before.program_date_time).total_seconds()
        for before, after in zip(shelf.segments, shelf.segments[1:], strict=False)
    }
    assert gaps == {2.0}
    for track in ("video_source", "video_60p"):
        assert shelf.frame_count(track, tmp_path) == 150
