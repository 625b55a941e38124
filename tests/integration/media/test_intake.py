"""Files are examined by ranges, and hostile ones refused before they can reach anything."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from millrace.media.cmaf import CutError, cut_chunk
from millrace.media.decoders import AUDIO_CODECS, DECODERS, VIDEO_CODECS
from millrace.media.ffmpeg import audio_argv, chunk_argv
from millrace.media.intake import Examined, examine
from millrace.media.plan import make_plan
from millrace.media.probe import Limits, packets_argv, probe_argv, require_whole_input
from millrace.media.refusal import RefusalCode, SourceRejected, SourceUnreachable
from millrace.platform import process
from tests.media_fixtures import FFMPEG, FFPROBE, ClipOptions, make_clip
from tests.media_fixtures.serving import serve
from tests.media_fixtures.transcoding import examine_file, run_ffprobe, transcode


def _examine_url(url: str, limits: Limits | None = None) -> Examined:
    """Examine over HTTP as a function does over S3: presigned URL and ranges, no local file."""
    size = int(httpx.get(url, headers={"Range": "bytes=0-0"}).headers["Content-Range"].rpartition("/")[2])

    def read(offset: int, length: int) -> bytes:
        return httpx.get(url, headers={"Range": f"bytes={offset}-{offset + length - 1}"}).content

    return examine(read, size, run=run_ffprobe, ffprobe=FFPROBE, url=url, limits=limits or Limits())


def _refusal(path: Path, limits: Limits | None = None) -> RefusalCode:
    with serve(path.parent) as served, pytest.raises(SourceRejected) as caught:
        _examine_url(f"{served.base_url}/{path.name}", limits)
    return caught.value.code


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.webm"])
def test_a_file_is_examined_alike_over_http_and_on_disk(name: str, tmp_path: Path) -> None:
    options = (
        ClipOptions(codec="libvpx", gop=30, output=("-cpu-used", "16")) if name.endswith("webm") else ClipOptions()
    )
    path = make_clip(tmp_path / name, seconds=2, options=options)
    with serve(tmp_path) as served:
        assert _examine_url(f"{served.base_url}/{name}") == examine_file(path)


def test_of_a_movie_file_little_is_read(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=20, options=ClipOptions(output=("-b:v", "8M", "-minrate", "8M")))
    padded = tmp_path / "padded.mp4"
    padded.write_bytes(path.read_bytes() + (8 + 64_000_000).to_bytes(4) + b"free" + bytes(64_000_000))
    with serve(tmp_path) as served:
        _examine_url(f"{served.base_url}/padded.mp4")
    assert served.bytes_sent < 16_000_000


def test_sample_tables_and_ffprobe_agree(tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "clip.mp4", seconds=4, options=ClipOptions(gop=48, bframes=3))
    fragmented = tmp_path / "fragmented.mp4"
    copy = [FFMPEG, "-v", "error", "-i", str(plain), "-c", "copy", "-movflags", "+frag_keyframe+delay_moov"]
    subprocess.run([*copy, str(fragmented)], check=True)
    assert examine_file(plain).timeline == examine_file(fragmented).timeline


HLS = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n{url}\n#EXT-X-ENDLIST\n"
DASH = (
    '{junk}<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL>'
    "<SegmentBase/></Representation></AdaptationSet></Period></MPD>"
)
DISGUISES = {
    "hls": HLS,
    "dash": '<?xml version="1.0"?>\n' + DASH.replace("{junk}", ""),
    "concat": "ffconcat version 1.0\nfile '{url}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 4790 RTP/AVP 96\n",
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "internal"
    folder.mkdir()
    return make_clip(folder / "secret.mp4", seconds=1)


@pytest.mark.parametrize("kind", DISGUISES)
def test_a_playlist_named_as_a_video_reaches_nothing(kind: str, tmp_path: Path, secret: Path) -> None:
    with serve(secret.parent) as internal:
        path = tmp_path / "video.mp4"
        path.write_text(DISGUISES[kind].format(url=f"{internal.base_url}/secret.mp4"))
        assert _refusal(path) is RefusalCode.PLAYLIST
        assert internal.paths == []


@pytest.mark.parametrize("kind", DISGUISES)
@pytest.mark.parametrize("name", ["source", "playlist.m3u8", "manifest.mpd"])
def test_even_unsniffed_a_playlist_reaches_nothing(kind: str, name: str, tmp_path: Path, secret: Path) -> None:
    """The demuxer list alone must hold, for what sniffing does not know."""
    with serve(secret.parent) as internal, serve(tmp_path) as served:
        (tmp_path / name).write_text(DISGUISES[kind].format(url=f"{internal.base_url}/secret.mp4"))
        with pytest.raises(process.ToolFailed):
            process.run(probe_argv(FFPROBE, f"{served.base_url}/{name}", Limits()), timeout_s=20)
        assert internal.paths == []


def test_local_files_are_out_of_reach(secret: Path) -> None:
    with pytest.raises(process.ToolFailed):
        process.run(probe_argv(FFPROBE, str(secret), Limits()), timeout_s=20)


def _cut(path: Path) -> None:
    make_clip(path, seconds=2)
    path.write_bytes(path.read_bytes()[:-3000])


def _sound(path: Path) -> None:
    subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-f", "mp4", str(path)], check=True)


def _rubbish(path: Path) -> None:
    path.write_bytes(b"hello world " * 500)


def _one_picture(path: Path) -> None:
    make_clip(path, seconds=1 / 30, audio=False)


def _av1(path: Path) -> None:
    source = [FFMPEG, "-v", "quiet", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=0.3", "-c:v", "libsvtav1"]
    subprocess.run([*source, str(path)], check=True)


def _large(path: Path) -> None:
    source = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "color=s=6400x6400", "-frames:v", "1", "-c:v", "mpeg4"]
    subprocess.run([*source, str(path)], check=True)


def _time_bomb(path: Path) -> None:
    """Write two frames ten hours apart."""
    options = ClipOptions(video_filter="setpts='PTS+eq(N,2)*36000/TB'", bframes=0)
    clip = make_clip(path.with_suffix(".mkv"), seconds=0.1, audio=False, options=options)
    clip.rename(path)


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (_cut, RefusalCode.TRUNCATED),
        (_sound, RefusalCode.NO_VIDEO_STREAM),
        (_rubbish, RefusalCode.NOT_A_VIDEO),
        (_one_picture, RefusalCode.STILL_IMAGE),
        (_av1, RefusalCode.UNSUPPORTED_CODEC),
        (_large, RefusalCode.BAD_DIMENSIONS),
        (_time_bomb, RefusalCode.BROKEN_TIMESTAMPS),
    ],
)
def test_what_cannot_be_encoded_is_refused(write: Callable[[Path], None], code: RefusalCode, tmp_path: Path) -> None:
    path = tmp_path / "source.mp4"
    write(path)
    assert _refusal(path) is code


def test_too_many_streams_are_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=1)
    assert _refusal(path, Limits(max_streams=1)) is RefusalCode.TOO_MANY_STREAMS


def test_a_lost_connection_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=1)
    data = path.read_bytes()
    with serve(tmp_path) as served:
        gone = f"{served.base_url}/gone"
        with pytest.raises(SourceUnreachable):
            examine(
                lambda o, n: data[o : o + n], len(data), run=run_ffprobe, ffprobe=FFPROBE, url=gone, limits=Limits()
            )


SUBTITLES = """[Script Info]
ScriptType: v4.00+
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.00,0:00:02.00,Default,,0,0,0,,Hello
"""


def test_subtitles_and_attached_fonts_are_no_obstacle(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    (tmp_path / "clip.ass").write_text(SUBTITLES)
    (tmp_path / "font.ttf").write_bytes(bytes(64))
    join = [FFMPEG, "-v", "error", "-i", str(clip), "-i", str(tmp_path / "clip.ass"), "-map", "0", "-map", "1"]
    join += ["-c", "copy", "-attach", str(tmp_path / "font.ttf"), "-metadata:s:t", "mimetype=font/ttf"]
    subprocess.run([*join, str(tmp_path / "clip.mkv")], check=True)
    assert transcode(tmp_path / "clip.mkv", tmp_path / "out").plan.frame_count == 30


def test_a_connection_lost_while_encoding_is_noticed(tmp_path: Path) -> None:
    """ffmpeg ends with success; the picture would stand still and the sound be silent."""
    clip = make_clip(tmp_path / "clip.mp4", seconds=13, options=ClipOptions(output=("-movflags", "+faststart")))
    examined = examine_file(clip)
    plan = make_plan(examined.source, examined.timeline, parallelism=1)
    with serve(tmp_path, break_after_bytes=clip.stat().st_size // 8) as served:
        url = f"{served.base_url}/clip.mp4"
        video = process.run(chunk_argv(FFMPEG, plan, plan.chunks[0], url, str(tmp_path)), timeout_s=30)
        with pytest.raises(SourceUnreachable):
            require_whole_input(video.stderr_tail)
        with pytest.raises(CutError):
            cut_chunk(tmp_path / "video_180p.mp4", plan, plan.chunks[0], plan.renditions[0])
        served.paths.clear()
        audio = process.run(audio_argv(FFMPEG, plan, plan.audio_chunks[0], url, str(tmp_path)), timeout_s=30)
        with pytest.raises(SourceUnreachable):
            require_whole_input(audio.stderr_tail)


def test_a_connection_lost_while_packets_are_listed_is_noticed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.ts", seconds=6)
    data = clip.read_bytes()
    source = examine_file(clip).source
    with serve(tmp_path, break_after_bytes=len(data) // 2) as served:
        argv = packets_argv(FFPROBE, f"{served.base_url}/clip.ts", Limits(), source)
        with pytest.raises(SourceUnreachable):
            run_ffprobe(argv)


def test_a_sound_connection_is_not_called_lost(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=2)
    examined = examine_file(clip)
    plan = make_plan(examined.source, examined.timeline, parallelism=1)
    with serve(tmp_path) as served:
        argv = chunk_argv(FFMPEG, plan, plan.chunks[0], f"{served.base_url}/clip.mp4", str(tmp_path))
        require_whole_input(process.run(argv, timeout_s=30).stderr_tail)
    cut_chunk(tmp_path / "video_180p.mp4", plan, plan.chunks[0], plan.renditions[0])


def test_every_decoder_on_the_list_exists() -> None:
    listed = subprocess.run([FFMPEG, "-hide_banner", "-decoders"], check=True, capture_output=True, text=True).stdout
    assert set(DECODERS) <= {line.split()[1] for line in listed.splitlines() if len(line.split()) > 1}


def test_the_decoder_that_ffmpeg_takes_by_itself_is_on_the_list() -> None:
    listed = subprocess.run([FFMPEG, "-hide_banner", "-codecs"], check=True, capture_output=True, text=True).stdout
    first = re.compile(r"^ [D.]\S+ (\w+)(?:.*?\(decoders: (\w+))?", re.MULTILINE)
    taken = {codec: decoder or codec for codec, decoder in first.findall(listed)}
    assert {taken[codec] for codec in VIDEO_CODECS | AUDIO_CODECS} <= set(DECODERS)


def test_ranges_are_served(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with serve(tmp_path) as served:
        assert httpx.get(f"{served.base_url}/a", headers={"Range": "bytes=2-4"}).content == b"234"
