"""What viewers are given of a shelf: every playlist and manifest, and what our validator says of them."""

from datetime import UTC, datetime

from millrace.live.edge.model import Head, Shown
from millrace.live.playlists import main, manifest, media
from millrace.live.playlists.timeline import clock_of, joined, past
from millrace.media import dash, hls
from millrace.media.validate import Memory, validate
from tests.integration.ingest.studio import PLACE, SESSION, Shelf

AT = datetime(2026, 11, 22, tzinfo=UTC)
ENTRIES = (f"{SESSION}/main.m3u8", f"{SESSION}/plain.m3u8", f"{SESSION}/manifest.mpd")


def shown(shelf: Shelf, *, has_ended: bool = False) -> Shown:
    """Return what the table would show now."""
    return Shown(
        head=Head(
            session_id=SESSION,
            video_id=PLACE.video_id,
            home=PLACE.home,
            epoch=1,
            last_segment=shelf.segments[-1].number if shelf.segments else 0,
            part_target_ms=334,
            segment_target_s=2,
            has_ended=has_ended,
        ),
        periods=tuple(shelf.periods[number] for number in sorted(shelf.periods)),
        edges={track: edges[-1] for track, edges in shelf.edges.items()},
    )


def playlists(shelf: Shelf, *, has_ended: bool = False) -> dict[str, str]:
    """Return all that players are given, by address."""
    now, folder = shown(shelf, has_ended=has_ended), f"/live/public/{SESSION}"
    made = {}
    for name in {track.name for period in now.periods for track in period.tracks}:
        clock = clock_of(now, shelf.segments)
        rows = joined(past(name, shelf.segments, clock), now.edges.get(name), clock)
        stream = media.Stream(now, name, clock, rows)
        made[f"{folder}/{name}/media.m3u8"] = hls.write_media(media.low_latency(stream))
        made[f"{folder}/{name}/plain.m3u8"] = hls.write_media(media.plain(stream))
        if name != "audio":
            made[f"{folder}/{name}/iframes.m3u8"] = hls.write_media(media.key_frames(stream))
    for name in ("main.m3u8", "plain.m3u8"):
        offered = main.multivariant(now, "media.m3u8" if name == "main.m3u8" else name)
        assert offered is not None
        made[f"{folder}/{name}"] = hls.write_multivariant(offered)
    whole = manifest.growing(now, shelf.segments, AT, "https://mill.example/clock")
    assert whole is not None
    made[f"{folder}/manifest.mpd"] = dash.write(whole)
    return made


def problems(shelf: Shelf, *, has_ended: bool = False) -> list[str]:
    """Check all of it against the standards, and against the segments; return what is wrong."""
    texts = playlists(shelf, has_ended=has_ended)
    files = {f"/{key}": data for key, data in shelf.objects.items()}
    reader = Memory(files | {address: text.encode() for address, text in texts.items()})
    return [
        f"{each.code} {each.place}: {each.message}"
        for address in sorted(texts)
        if address.endswith(ENTRIES)
        for each in validate(address, reader)
    ]
