"""Our checker agrees with others on streams that we did not make, good and broken."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mpd_inspector import MPDParser

from millrace.media.validate import Memory, Severity, validate
from tests.conformance.judges import Folder, HlsParser, probed
from tests.media_fixtures.faults import DASH, FILM, FILM_FAULTS, HLS, LIVE, LIVE_FAULTS
from tests.media_fixtures.streams import Files


def _errors(location: str, reader: Folder | Memory) -> set[str]:
    return {finding.code for finding in validate(location, reader) if finding.severity is Severity.ERROR}


@pytest.fixture(scope="module")
def shakas(clip: Path, shaka: Callable[[dict[str, Path]], Path]) -> Folder:
    return Folder(shaka({"video": clip, "audio": clip}))


@pytest.mark.parametrize("location", [HLS, DASH])
def test_what_shaka_packager_makes_has_no_errors(shakas: Folder, location: str) -> None:
    # Its key frame playlists state the rate of the average as the peak (3.8.0), below what is measured.
    assert _errors(location, shakas) <= {"hls-bandwidth-exceeded"}


@pytest.mark.parametrize("location", [HLS, DASH])
def test_what_ffmpeg_makes_has_no_errors(ffmpegs: Path, location: str) -> None:
    assert _errors(location, Folder(ffmpegs)) == set()


def _broken() -> dict[str, tuple[str, Files]]:
    """Return each fault as a name, where to begin reading, and the files."""
    corpus = {}
    for base, faults in ((FILM, FILM_FAULTS), (LIVE, LIVE_FAULTS)):
        for number, (code, location, damage) in enumerate(faults):
            files = dict(base)
            damage(files)
            corpus[f"{len(base)}-{number}-{code}"] = (location, files)
    return corpus


def test_what_hls_parser_refuses_is_an_error_for_us_too(hls_parser: HlsParser) -> None:
    corpus = _broken()
    texts = {
        f"{name} {path}": data.decode("utf-8", "replace")
        for name, (_, files) in corpus.items()
        for path, data in files.items()
        if path.endswith(".m3u8") and data not in (FILM.get(path), LIVE.get(path))
    }
    refused = {key.partition(" ")[0] for key in hls_parser.complaints(texts)}
    # It catches many of them, so that agreeing with it means something.
    assert len(refused) > 20
    accepted_by_us = {name for name in refused if not _errors(*_read(corpus[name]))}
    assert accepted_by_us == set()


def _read(entry: tuple[str, Files]) -> tuple[str, Memory]:
    location, files = entry
    return location, Memory(files)


def _read_all(text: str) -> None:
    """Let mpd-inspector read what a player needs."""
    mpd = MPDParser.from_string(text)
    assert mpd.min_buffer_time is not None
    for adaptation_set in mpd.periods[0].adaptation_sets:
        for representation in adaptation_set.representations:
            assert representation.bandwidth > 0
            template = representation.segment_template
            if template is not None:
                assert template.initialization
                assert template.segment_timeline is None or all(each.d for each in template.segment_timeline.segments)


def test_what_mpd_inspector_cannot_read_is_an_error_for_us_too() -> None:
    refused = set()
    corpus = {name: entry for name, entry in _broken().items() if entry[0] == DASH}
    for name, (_, files) in corpus.items():
        try:
            _read_all(files[DASH].decode())
        except Exception:  # noqa: BLE001 - whatever it raises, it cannot read it
            refused.add(name)
    assert len(refused) >= 3
    assert {name for name in refused if not _errors(*_read(corpus[name]))} == set()


@pytest.mark.parametrize("name", ["video_240p/seg_00001.m4s", "video_240p/init.mp4"])
def test_what_ffprobe_cannot_play_is_an_error_for_us_too(ours_copy: Path, name: str) -> None:
    path = ours_copy / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    streams = probed(ours_copy / "video_240p" / "media.m3u8", "-allowed_extensions", "ALL")
    whole = 9 * 30
    assert not streams or int(streams[0].get("nb_read_frames", 0)) < whole
    assert _errors(HLS, Folder(ours_copy))
