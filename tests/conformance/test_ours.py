"""What we publish is right by our own checker and by everybody else's."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mpd_inspector import MPDParser

from millrace.media import dash, hls
from millrace.media.package import CaptionTrack, Growth, package
from millrace.media.validate import Memory, Severity, validate
from millrace.media.webvtt import Cue, write, write_segments
from tests.conformance.judges import Folder, HlsParser, probed
from tests.media_fixtures.streams import a_film, a_live_stream
from tests.media_fixtures.transcoding import Transcoded

CAPTIONS = CaptionTrack(language="en", label="English", folder="captions_en")
CUES = (Cue(1000, 2500, "Hello"),)


@pytest.fixture(scope="module")
def captioned(ours: Transcoded) -> Folder:
    """The film with captions, written over its playlists."""
    (ours.folder / CAPTIONS.folder).mkdir(exist_ok=True)
    for number, text in enumerate(write_segments(CUES, ours.plan.duration_s), start=1):
        (ours.folder / CAPTIONS.folder / f"seg_{number:05d}.vtt").write_text(text)
    (ours.folder / CAPTIONS.folder / "captions.vtt").write_text(write(CUES))
    video = [ours.tracks[each.name] for each in ours.plan.renditions]
    audio = [ours.tracks[each.name] for each in ours.plan.audio]
    for name, text in package(ours.plan, video, audio, [CAPTIONS]).items():
        (ours.folder / name).parent.mkdir(exist_ok=True)
        (ours.folder / name).write_text(text)
    return Folder(ours.folder)


@pytest.mark.parametrize("location", ["main.m3u8", "manifest.mpd"])
def test_our_checker_finds_nothing_in_what_we_publish(captioned: Folder, location: str) -> None:
    found = [each for each in validate(location, captioned) if each.severity is not Severity.INFO]
    assert found == []


def test_our_checker_finds_no_error_while_a_film_grows(ours: Transcoded) -> None:
    growth = Growth(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    grown = [
        track.model_copy(update={"segments": track.segments[:1]})
        for track in (ours.tracks[name] for name in ours.tracks)
    ]
    video = [each for each in grown if each.name.startswith("video")]
    audio = [each for each in grown if each.name.startswith("audio")]
    files = {str(path.relative_to(ours.folder)): path.read_bytes() for path in ours.folder.rglob("*.m*4*")}
    files |= {name: text.encode() for name, text in package(ours.plan, video, audio, growth=growth).items()}
    for location in ("main.m3u8", "manifest.mpd"):
        errors = [each for each in validate(location, Memory(files)) if each.severity is Severity.ERROR]
        assert errors == []


def test_hls_parser_accepts_all_our_playlists(captioned: Folder, hls_parser: HlsParser) -> None:
    texts = captioned.playlists()
    for kind, files in {"film": a_film(), "live": a_live_stream()}.items():
        texts |= {f"{kind}/{name}": data.decode() for name, data in files.items() if name.endswith(".m3u8")}
    assert len(texts) > 12
    assert hls_parser.complaints(texts) == {}


def test_mpd_inspector_sees_the_segments_that_we_made(captioned: Folder, ours: Transcoded) -> None:
    mpd = MPDParser.from_string((captioned.root / "manifest.mpd").read_text())
    for representation in (
        each
        for adaptation_set in mpd.periods[0].adaptation_sets
        for each in adaptation_set.representations
        if each.id in ours.tracks
    ):
        timeline = representation.segment_template.segment_timeline
        count = sum((segment.r or 0) + 1 for segment in timeline.segments)
        assert count == len(ours.tracks[representation.id].segments)


def test_ffprobe_counts_the_frames_of_every_playlist(captioned: Folder, ours: Transcoded) -> None:
    main = hls.parse_multivariant((captioned.root / "main.m3u8").read_text())
    for variant in main.variants:
        (stream,) = probed(captioned.root / variant.uri, "-allowed_extensions", "ALL")
        assert int(stream["nb_read_frames"]) == ours.plan.frame_count
        assert f"{stream['width']}x{stream['height']}" == f"{variant.width}x{variant.height}"


def test_each_entry_of_a_key_frame_playlist_is_one_picture(captioned: Folder, tmp_path: Path) -> None:
    main = hls.parse_multivariant((captioned.root / "main.m3u8").read_text())
    location = main.iframe_variants[-1].uri
    playlist = hls.parse_media((captioned.root / location).read_text())
    assert len(playlist.segments) == 5
    for number, entry in enumerate(playlist.segments):
        assert entry.init is not None
        folder = location.rpartition("/")[0]
        data = captioned.read(f"{folder}/{entry.init.uri}") + captioned.read(f"{folder}/{entry.uri}", entry.byte_range)
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(data)
        (stream,) = probed(path)
        assert stream["nb_read_frames"] == "1"


def test_shaka_packager_says_the_same_of_our_tracks(ours: Transcoded, shaka: Callable[[dict[str, Path]], Path]) -> None:
    """It reads our segments, and describes them anew: codecs, sizes, rates, lengths."""
    theirs = Folder(shaka({name: ours.joined(name) for name in ours.tracks}))
    our_main = hls.parse_multivariant((ours.folder / "main.m3u8").read_text())
    their_main = hls.parse_multivariant((theirs.root / "main.m3u8").read_text())
    described = {variant.uri: variant for variant in their_main.variants}
    assert set(described) == {variant.uri for variant in our_main.variants}
    for variant in our_main.variants:
        other = described[variant.uri]
        assert (variant.codecs, variant.width, variant.height) == (other.codecs, other.width, other.height)
        assert variant.frame_rate == other.frame_rate
        assert variant.average_bandwidth_bps == pytest.approx(other.average_bandwidth_bps, rel=0.1)
        our_list = hls.parse_media((ours.folder / variant.uri).read_text())
        their_list = hls.parse_media((theirs.root / variant.uri).read_text())
        assert float(our_list.duration_s) == pytest.approx(float(their_list.duration_s), abs=0.05)
    our_times = dash.parse((ours.folder / "manifest.mpd").read_text()).duration_s
    assert our_times is not None
    assert float(our_times) == pytest.approx(float(ours.plan.duration_s), abs=0.05)
