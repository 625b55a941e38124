"""Playlists as players get them from the function: LL-HLS, plain HLS, key frames and DASH."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from millrace.live.playlists import waiting
from millrace.media import dash, hls
from tests.integration.gateway import Answer, Gateway, load_function
from tests.integration.live.conftest import ORIGIN, Ingest, Studio, World
from tests.integration.live.media import AUDIO, PARTS, SMALL, SOURCE, Film


@pytest.fixture
def player(container: object) -> Gateway:
    return Gateway(load_function("live_playlist"))


@pytest.fixture
def film(world: World, ingest: Ingest, studio: Studio) -> Film:
    made = Film(world, ingest.open(studio.stream_key).json)
    made.begin()
    return made


@pytest.fixture
def resumed(world: World, ingest: Ingest, studio: Studio, film: Film) -> Callable[[], Film]:
    """Let the publisher go and come back."""

    def resume() -> Film:
        ingest.tell("interrupt", film.grant)
        made = Film(world, ingest.open(studio.stream_key).json)
        made.begin()
        return made

    return resume


def get(player: Gateway, film: Film, path: str, home: str = "public", origin: str = "") -> Answer:
    return player.call("GET", f"/live/{home}/{film.session_id}/{path}", x_millrace_origin=origin)


def media(player: Gateway, film: Film, path: str = "video_source/media.m3u8") -> hls.MediaPlaylist:
    answer = get(player, film, path)
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    return hls.parse_media(answer.body)


def init_uri(segment: hls.MediaSegment) -> str:
    assert segment.init is not None
    return segment.init.uri


def test_a_growing_stream_is_listed_to_its_newest_part(player: Gateway, film: Film) -> None:
    film.whole(7)
    film.open()
    film.part()
    film.part()
    found = media(player, film)
    assert found.target_duration_s == 2
    assert found.part_target_s == Decimal("0.334")
    assert found.server_control == hls.ServerControl(
        can_block_reload=True,
        part_hold_back_s=Decimal("1.002"),
        hold_back_s=Decimal(6),
        can_skip_until_s=Decimal(12),
    )
    assert (found.media_sequence, len(found.segments), found.open_msn) == (1, 7, 8)
    assert [len(segment.parts) for segment in found.segments] == [0, 0, 0, 0, 0, 6, 6]
    assert found.open_segment is not None
    assert [part.is_independent for part in found.open_segment.parts] == [True, False]
    folder = f"/media/public/live-parts/{film.session_id}/video_source/"
    assert found.preload_hints == (hls.PreloadHint(folder + "part_0000044.m4s"),)
    assert found.rendition_reports == (
        hls.RenditionReport("../audio/media.m3u8", 8, 1),
        hls.RenditionReport("../video_240p/media.m3u8", 8, 1),
    )
    assert found.segments[0].init == hls.InitSegment("/" + film.place.init_key("video_source", 0))


def test_what_a_playlist_names_is_stored(world: World, player: Gateway, film: Film) -> None:
    film.whole(2)
    film.open()
    film.part()
    found = media(player, film)
    stored = world.stored()
    parts = [part for segment in found.segments for part in segment.parts]
    open_parts = found.open_segment.parts if found.open_segment else ()
    uris = [*(each.uri for each in found.segments), *(each.uri for each in [*parts, *open_parts])]
    for uri in [*uris, init_uri(found.segments[0])]:
        assert uri.removeprefix("/") in stored
    for segment in found.segments:
        assert stored[segment.uri[1:]] == b"".join(stored[part.uri[1:]] for part in segment.parts)


def test_a_segment_that_is_complete_in_one_track_only_is_listed_there(player: Gateway, film: Film) -> None:
    film.whole()
    film.open()
    for _ in range(PARTS):
        film.part()
    film.edges[SOURCE.name] = film.edges[SOURCE.name].completed()
    from millrace.live.edge import store

    store.put_edge(film.edges[SOURCE.name])
    assert len(media(player, film).segments) == 2
    assert len(media(player, film, "audio/media.m3u8").segments) == 1


def test_a_request_is_held_until_the_part_is_there(player: Gateway, film: Film) -> None:
    film.whole()
    film.open()
    film.part()

    def publish() -> None:
        film.part()

    soon = threading.Timer(0.25, publish)
    soon.start()
    answer = get(player, film, "video_source/media.m3u8?_HLS_msn=2&_HLS_part=1")
    soon.join()
    found = hls.parse_media(answer.body)
    assert found.open_segment is not None
    assert len(found.open_segment.parts) == 2
    assert answer.headers["Cache-Control"] == "public, max-age=12"


def test_a_request_that_waits_in_vain_gets_what_there_is(player: Gateway, film: Film) -> None:
    film.whole()
    began_s = time.monotonic()
    answer = get(player, film, "video_source/media.m3u8?_HLS_msn=2&_HLS_part=0")
    assert time.monotonic() - began_s >= waiting.MAX_WAIT_S - waiting.POLL_S
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert hls.parse_media(answer.body).open_segment is None


@pytest.mark.parametrize("query", ["_HLS_msn=2", "_HLS_msn=1&_HLS_part=0", "_HLS_msn=2&_HLS_part=5", "_HLS_msn=0"])
def test_what_is_there_already_is_not_waited_for(
    player: Gateway, film: Film, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    film.whole(2)
    monkeypatch.setattr("time.sleep", lambda _s: pytest.fail("it waited"))
    assert get(player, film, f"audio/media.m3u8?{query}").headers["Cache-Control"] == "public, max-age=12"


def test_a_part_behind_the_last_of_its_segment_means_the_next_segment(player: Gateway, film: Film) -> None:
    film.whole(2)
    film.open()
    query = "audio/media.m3u8?_HLS_msn=2&_HLS_part=6"
    assert get(player, film, query).headers["Cache-Control"] == "public, max-age=1"
    film.part()
    assert get(player, film, query).headers["Cache-Control"] == "public, max-age=12"


@pytest.mark.parametrize(
    "query",
    ["_HLS_msn=5", "_HLS_msn=-1", "_HLS_msn=x", "_HLS_part=1", "_HLS_msn=1&_HLS_part=1.5", "_HLS_skip=NO"],
)
def test_what_cannot_be_is_refused(player: Gateway, film: Film, query: str) -> None:
    film.whole(2)
    answer = get(player, film, f"video_source/media.m3u8?{query}")
    assert (answer.status, answer.problem) == (400, "bad-directive")


def test_a_delta_update_leaves_out_what_is_far_back(player: Gateway, film: Film) -> None:
    film.whole(10)
    whole = media(player, film)
    delta = media(player, film, "video_source/media.m3u8?_HLS_skip=YES")
    assert delta.skipped_segments == 3
    assert delta.version == 9
    assert hls.apply_delta(whole, delta) == whole


def test_other_words_in_an_address_do_not_matter(player: Gateway, film: Film) -> None:
    film.whole()
    assert get(player, film, "audio/media.m3u8?session=1&_HLS_msn=1").status == 200


def test_a_publisher_that_comes_back_is_a_discontinuity(
    player: Gateway, film: Film, resumed: Callable[[], Film]
) -> None:
    film.whole(2)
    film.open()
    film.part()
    again = resumed()
    again.whole(1)
    again.open()
    again.part()
    found = media(player, film)
    assert [segment.is_discontinuity for segment in found.segments] == [False, False, False, True]
    assert [init_uri(segment)[-6:-4] for segment in found.segments] == ["_0", "_0", "_0", "_1"]
    assert found.open_segment is not None
    assert not found.open_segment.is_discontinuity
    assert found.open_segment.init == found.segments[-1].init
    assert found.segments[2].duration_s == Decimal("0.333333")


def test_the_open_segment_can_be_the_first_of_its_period(
    player: Gateway, film: Film, resumed: Callable[[], Film]
) -> None:
    film.whole(2)
    again = resumed()
    again.open()
    again.part()
    found = media(player, film)
    assert found.open_segment is not None
    assert found.open_segment.is_discontinuity


def test_a_track_that_lacks_a_segment_has_a_gap(player: Gateway, film: Film, resumed: Callable[[], Film]) -> None:
    film.whole()
    film.open([SOURCE, AUDIO])
    film.part([SOURCE, AUDIO])
    again = resumed()
    again.whole()
    assert [segment.is_gap for segment in media(player, film, "video_240p/media.m3u8").segments] == [False, True, False]
    assert not any(segment.is_gap for segment in media(player, film).segments)


def test_a_plain_playlist_has_the_last_minute_in_whole_segments(
    player: Gateway, film: Film, resumed: Callable[[], Film]
) -> None:
    film.whole(2)
    again = resumed()
    again.whole(30, parts=1)
    found = media(player, film, "video_source/plain.m3u8")
    assert (found.media_sequence, len(found.segments)) == (3, 30)
    assert found.discontinuity_sequence == 1
    assert found.part_target_s is None
    assert not found.preload_hints
    assert found.version == 7


def test_key_frames_are_the_beginnings_of_segments(player: Gateway, film: Film) -> None:
    film.whole(3)
    found = media(player, film, "video_source/iframes.m3u8")
    assert found.is_iframes_only
    assert [segment.byte_range for segment in found.segments] == [hls.ByteRange(5)] * 3
    assert found.segments[1].uri == "/" + film.place.segment_key("video_source", 0, 2)


def test_the_main_playlist_offers_what_can_be_played(player: Gateway, film: Film) -> None:
    film.open()
    film.part()
    # There are players that give up on a playlist without a whole segment.
    assert get(player, film, "main.m3u8").problem == "stream-not-started"
    film.complete()
    found = hls.parse_multivariant(get(player, film, "main.m3u8").body)
    assert [variant.uri for variant in found.variants] == ["video_source/media.m3u8", "video_240p/media.m3u8"]
    assert found.variants[0].codecs == ("avc1.64001f", "mp4a.40.2")
    assert found.variants[0].bandwidth_bps == SOURCE.bandwidth_bps + AUDIO.bandwidth_bps
    assert [audio.uri for audio in found.audio] == ["audio/media.m3u8"]
    assert [iframes.uri for iframes in found.iframe_variants] == [
        "video_source/iframes.m3u8",
        "video_240p/iframes.m3u8",
    ]
    plain = hls.parse_multivariant(get(player, film, "plain.m3u8").body)
    assert [variant.uri for variant in plain.variants] == ["video_source/plain.m3u8", "video_240p/plain.m3u8"]


def test_a_rendition_that_was_dropped_is_offered_no_longer(player: Gateway, film: Film) -> None:
    from millrace.live.edge import store

    film.whole()
    period = store.shown(film.session_id).periods[0].without(SMALL.name, 2)
    store.put_period(film.session_id, film.grant["epoch"], period)
    found = hls.parse_multivariant(get(player, film, "main.m3u8").body)
    assert [variant.uri for variant in found.variants] == ["video_source/media.m3u8"]
    assert get(player, film, "video_240p/media.m3u8").status == 404
    reports = media(player, film).rendition_reports
    assert [report.uri for report in reports] == ["../audio/media.m3u8"]


def test_an_ended_stream_is_whole_and_says_that_it_ended(player: Gateway, ingest: Ingest, film: Film) -> None:
    film.whole(40, parts=1)
    film.open()
    film.part()
    ingest.tell("end", film.grant)
    for path in ("video_source/media.m3u8", "video_source/plain.m3u8", "video_source/media.m3u8?_HLS_msn=41"):
        found = media(player, film, path)
        assert found.has_ended
        assert len(found.segments) == 41
        assert found.open_segment is None
        assert found.server_control is None
    assert get(player, film, "main.m3u8").status == 200


def test_audio_alone_is_a_stream_too(world: World, player: Gateway, ingest: Ingest, studio: Studio) -> None:
    film = Film(world, ingest.open(studio.stream_key).json, tracks=(AUDIO,))
    film.begin()
    film.whole()
    found = hls.parse_multivariant(get(player, film, "main.m3u8").body)
    assert [(variant.uri, variant.width, variant.audio_group_id) for variant in found.variants] == [
        ("audio/media.m3u8", None, None)
    ]


def test_nothing_is_told_of_what_is_not_there(player: Gateway, film: Film) -> None:
    film.whole()
    for path in ("video_9/media.m3u8", "video_source/media.m3u8"):
        assert get(player, film, path, home="private", origin=ORIGIN).status == 404
    assert get(player, film, "video_9/media.m3u8?_HLS_msn=1").status == 404
    assert get(player, film, "main.m3u8", home="elsewhere").status == 404


def test_private_playlists_come_through_the_distribution_only(
    world: World, player: Gateway, ingest: Ingest, studio: Studio
) -> None:
    film = Film(world, ingest.open(studio.stream_key + "?test=1").json)
    film.begin()
    film.whole()
    assert get(player, film, "main.m3u8", home="private").status == 404
    assert get(player, film, "main.m3u8", home="private", origin=ORIGIN).status == 200
    assert get(player, film, "main.m3u8", home="public").status == 404


def manifest(player: Gateway, film: Film) -> dash.Manifest:
    answer = get(player, film, "manifest.mpd")
    assert answer.headers["Content-Type"] == "application/dash+xml"
    return dash.parse(answer.body)


def test_a_growing_stream_has_a_dynamic_manifest(
    player: Gateway, film: Film, resumed: Callable[[], Film], ingest: Ingest
) -> None:
    assert get(player, film, "manifest.mpd").problem == "stream-not-started"
    film.whole(3)
    again = resumed()
    again.whole(2)
    found = manifest(player, film)
    assert found.live is not None
    assert found.live.clock is not None
    assert found.live.clock.value == "https://mill.example/api/live/clock"
    assert [(period.id, period.start_s, period.duration_s) for period in found.periods] == [
        ("0", Decimal(0), None),
        ("1", Decimal(6), None),
    ]
    source: Any = found.periods[1].adaptation_sets[0].representations[0]
    assert source.media == f"/{film.place.prefix}video_source/seg_1_$Number%05d$.m4s"
    assert (source.start_number, source.presentation_time_offset) == (4, 6 * SOURCE.timescale)
    assert source.timeline == (dash.Run(6 * SOURCE.timescale, 2 * SOURCE.timescale, 2),)
    ingest.tell("end", again.grant)
    ended = manifest(player, film)
    assert (ended.live, ended.duration_s) == (None, Decimal(10))
