"""Files that mean harm. Each writer gets a whole film to begin with, and what must stay unseen."""

import gzip
import io
import random
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.media_fixtures.canaries import Canary
from tests.media_fixtures.movies import box
from tests.media_fixtures.rewriting import payload_of, rewrite
from tests.media_fixtures.tools import FFMPEG


@dataclass(frozen=True)
class Bait:
    """What a writer works with: a whole MP4 film with its index at the end, and the canary."""

    film: bytes
    canary: Canary
    folder: Path


Writer = Callable[[Bait], bytes]

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n{url}\n#EXT-X-ENDLIST\n"
MPD = (
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL>'
    "<SegmentBase/></Representation></AdaptationSet></Period></MPD>"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><image href="{url}"/></svg>'
TEXTS = {
    "hls": HLS,
    "hls_behind_blanks": "\n \t" + HLS,
    "hls_with_byte_order_mark": "\ufeff" + HLS,
    "plain_m3u": "{url}\n",
    "dash": '<?xml version="1.0"?>' + MPD,
    "dash_behind_a_comment": "<!-- a film -->" + MPD,
    "concat": "ffconcat version 1.0\nfile '{url}'\n",
    "concat_of_a_file": "ffconcat version 1.0\nfile '{path}'\n",
    "list_of_files": "file '{path}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 4790 RTP/AVP 96\n",
    "pls": "[playlist]\nFile1={url}\nNumberOfEntries=1\n",
    "asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
    "xspf": '<?xml version="1.0"?><playlist><trackList><track>{url}</track></trackList></playlist>',
    "smil": '<smil><body><video src="{url}"/></body></smil>',
    "svg": SVG,
    "svg_with_an_entity": '<!DOCTYPE svg [<!ENTITY x SYSTEM "{url}">]>' + SVG,
    "billion_laughs": '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><MPD>&b;</MPD>',
    "quicktime_link": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><x src="{url}"/>',
    "rtsp_text": "RTSPtext\nrtsp://127.0.0.1:1/film\n",
    "imf": '<?xml version="1.0"?><AssetMap><Path>{url}</Path></AssetMap>',
    "avisynth": 'AviSource("{path}")\n',
    "shell": "#!/bin/sh\ncat {path}\n",
    "web_page": "<!DOCTYPE html><video src='{url}'></video>",
    "subtitles": "1\n00:00:00,000 --> 00:00:02,000\n<img src='{url}'>\n",
}


def text_writer(text: str) -> Writer:
    """Return a writer of that text, naming the canary."""
    return lambda bait: text.replace("{url}", bait.canary.url).replace("{path}", str(bait.canary.path)).encode()


def utf16_playlist(bait: Bait) -> bytes:
    return HLS.format(url=bait.canary.url).encode("utf-16")


def external_media(bait: Bait) -> bytes:
    """Say that the samples lie in another file (ISO/IEC 14496-12, 8.7.2)."""
    entry = box("url ", b"\x00\x00\x00\x00" + bait.canary.url.encode() + b"\x00")
    dref = struct.pack(">II", 0, 1) + entry
    return rewrite(bait.film, ("moov", "trak", "mdia", "minf", "dinf", "dref"), lambda _: dref)


def external_file_alias(bait: Bait) -> bytes:
    """Say so by a Macintosh alias with a path, as QuickTime does."""
    path = str(bait.canary.path).encode()
    record = bytes(150) + struct.pack(">HH", 18, len(path)) + path + b"\xff\xff\x00\x00"
    entry = box("alis", b"\x00\x00\x00\x00" + record)
    dref = struct.pack(">II", 0, 1) + entry
    return rewrite(bait.film, ("moov", "trak", "mdia", "minf", "dinf", "dref"), lambda _: dref)


def reference_movie(bait: Bait) -> bytes:
    """Write a QuickTime movie that is nothing but a link."""
    url = bait.canary.url.encode() + b"\x00"
    rdrf = box("rdrf", struct.pack(">I4sI", 0, b"url ", len(url)), url)
    return box("ftyp", b"qt  \x00\x00\x00\x00qt  ") + box("moov", box("rmra", box("rmda", rdrf)))


def archive(bait: Bait) -> bytes:
    """Pack a gigabyte of zeros, as an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("film.mp4", "w") as film:
        for _ in range(64):
            film.write(bytes(1 << 20))
    return out.getvalue()


def gzipped(bait: Bait) -> bytes:
    return gzip.compress(bait.film)


def compressed_index(bait: Bait) -> bytes:
    """Let a compressed movie box unpack to much more than it says, and to more than there is memory."""
    packed = zlib.compress(bytes(64 << 20), 9)
    cmov = box("cmov", box("dcom", b"zlib"), box("cmvd", struct.pack(">I", 0x7FFFFFF0), packed))
    return box("ftyp", b"qt  \x00\x00\x00\x00qt  ") + box("moov", cmov) + box("mdat", bytes(64))


def archive_behind_a_film(bait: Bait) -> bytes:
    return bait.film + archive(bait)


def playlist_inside_a_film(bait: Bait) -> bytes:
    """Put a playlist into a box that readers pass over."""
    return bait.film + box("free", HLS.format(url=bait.canary.url).encode())


def film_behind_a_playlist(bait: Bait) -> bytes:
    return HLS.format(url=bait.canary.url).encode() + bait.film


def film_behind_a_photo(bait: Bait) -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes(200) + b"\xff\xd9" + bait.film


def film_behind_a_picture(bait: Bait) -> bytes:
    return b"GIF89a" + bytes(100) + bait.film


def film_behind_a_document(bait: Bait) -> bytes:
    return b"%PDF-1.7\n" + bait.film


def thousands_of_tracks(bait: Bait) -> bytes:
    """Repeat the picture's track three thousand times."""
    track = box("trak", payload_of(bait.film, "moov", "trak"))
    return rewrite(bait.film, ("moov",), lambda moov: moov + track * 3000)


def thousands_of_programs(bait: Bait) -> bytes:
    """Write transport stream packets of a thousand streams that nobody announced."""
    packets = []
    for pid in range(0x100, 0x4E8):
        head = (
            struct.pack(">BHB", 0x47, 0x4000 | pid, 0x10) + b"\x00\x00\x01\xe0\x00\x00\x80\x80\x05\x21\x00\x01\x00\x01"
        )
        packets.append(head.ljust(188, b"\xff"))
    return b"".join(packets) * 2


def deep_boxes(bait: Bait) -> bytes:
    inner = b""
    for _ in range(20_000):
        inner = struct.pack(">I4s", len(inner) + 8, b"moov") + inner
    return box("ftyp", b"isom\x00\x00\x00\x00isom") + inner


def deep_elements(bait: Bait) -> bytes:
    """Nest Matroska elements without end, each of unknown size."""
    head = b"\x1a\x45\xdf\xa3\x88\x42\x82\x85webm\x00"
    return head + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * 5000


def huge_box(bait: Bait) -> bytes:
    return struct.pack(">I4s", 24, b"ftyp") + b"isom" + bytes(12) + struct.pack(">I4sQ", 1, b"moov", 2**63 - 1)


def _table(kind: bytes, *rows: int) -> Writer:
    """Let a sample table of the picture promise what it does not hold."""
    change = struct.pack(">I", 0) + b"".join(struct.pack(">I", row) for row in rows)
    path = ("moov", "trak", "mdia", "minf", "stbl", kind.decode())
    return lambda bait: rewrite(bait.film, path, lambda _: change)


def empty(bait: Bait) -> bytes:
    return b""


def noise(bait: Bait) -> bytes:
    return random.Random(4).randbytes(100_000)


def zeros(bait: Bait) -> bytes:
    return bytes(100_000)


def cut_off(bait: Bait) -> bytes:
    return bait.film[: len(bait.film) // 2]


def only_a_head(bait: Bait) -> bytes:
    return bait.film[:40]


def _made(bait: Bait, name: str, *options: str) -> bytes:
    path = bait.folder / name
    subprocess.run([FFMPEG, "-y", "-nostdin", "-v", "error", *options, str(path)], check=True, timeout=120)
    return path.read_bytes()


def _photos(bait: Bait) -> bytes:
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1")
    return _made(bait, "photos.mov", *source, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p")


def _resized(data: bytes, width: int, height: int) -> bytes:
    """Say in each JPEG that it is larger (SOF0: length, precision, height, width)."""
    old, new = (b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", *size) for size in ((64, 64), (height, width)))
    assert old in data
    return data.replace(old, new)


def huge_pictures(bait: Bait) -> bytes:
    return _resized(_photos(bait), 16_384, 16_384)


def picture_that_grows(bait: Bait) -> bytes:
    """Be small in the head and the first picture, and huge from the second on."""
    data = _photos(bait)
    at = data.index(b"\xff\xc0\x00\x11\x08") + 9
    return data[:at] + _resized(data[at:], 16_384, 16_384)


def flat_picture(bait: Bait) -> bytes:
    source = ("-f", "lavfi", "-i", "color=s=4096x8:r=5:d=1", "-c:v", "mpeg4")
    return _made(bait, "flat.avi", *source)


def hours_of_nothing(bait: Bait) -> bytes:
    """Place two pictures ten hours apart, in two kilobytes."""
    source = ("-f", "lavfi", "-i", "color=s=64x64:r=10:d=0.3", "-vf", "setpts='PTS+eq(N,2)*36000/TB'")
    return _made(bait, "hours.mkv", *source, "-fps_mode", "passthrough", "-c:v", "libx264", "-bf", "0")


def years_of_pictures(bait: Bait) -> bytes:
    """Let each of ten pictures last a week."""
    source = ("-f", "lavfi", "-i", "color=s=64x64:r=10:d=1", "-vf", "setpts=N*604800/TB")
    return _made(bait, "years.mkv", *source, "-fps_mode", "passthrough", "-c:v", "libx264", "-bf", "0")


def sound_hours_before(bait: Bait) -> bytes:
    sound = ("-f", "lavfi", "-i", "sine=d=1")
    picture = ("-itsoffset", "20000", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1")
    return _made(bait, "late.mkv", *sound, *picture, "-map", "0", "-map", "1", "-c:v", "libx264", "-c:a", "aac")


def unspeakable_titles(bait: Bait) -> bytes:
    """Name languages and titles so that playlists, folders and pages would be somebody else's."""
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1")
    tags = (
        "-metadata:s:a:0",
        "language=../../../x",
        "-metadata:s:a:0",
        f'title=a"\n#EXT-X-KEY:URI="{bait.canary.url}"\n',
    )
    page = ("-metadata", "title=<script>alert(1)</script>\x1b[2J", "-metadata", "comment=" + "x" * 20_000)
    return _made(bait, "titles.mkv", *source, "-c:v", "libx264", "-c:a", "aac", *tags, *page)


def subtitles_with_references(bait: Bait) -> bytes:
    """Carry subtitles that name fonts and files."""
    script = bait.folder / "text.ass"
    script.write_text(
        "[Script Info]\nScriptType: v4.00+\n[Fonts]\nfontname: ../../x\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        f"Dialogue: 0,0:00:00.00,0:00:02.00,Default,,0,0,0,,{{\\fn{bait.canary.path}}}{{\\1img({bait.canary.url})}}x\n"
    )
    film = bait.folder / "for_subtitles.mp4"
    film.write_bytes(bait.film)
    return _made(bait, "subtitles.mkv", "-i", str(film), "-i", str(script), "-map", "0", "-map", "1", "-c", "copy")


# How each may end. "refused" needs a sentence; a film that plays is its own, without what it refers to.
REFUSED: Sequence[tuple[str, Writer]] = (
    *((name, text_writer(text)) for name, text in TEXTS.items()),
    ("utf16_playlist", utf16_playlist),
    ("reference_movie", reference_movie),
    ("archive", archive),
    ("gzipped", gzipped),
    ("compressed_index", compressed_index),
    ("film_behind_a_playlist", film_behind_a_playlist),
    ("film_behind_a_photo", film_behind_a_photo),
    ("film_behind_a_picture", film_behind_a_picture),
    ("film_behind_a_document", film_behind_a_document),
    ("thousands_of_tracks", thousands_of_tracks),
    ("thousands_of_programs", thousands_of_programs),
    ("deep_boxes", deep_boxes),
    ("deep_elements", deep_elements),
    ("huge_box", huge_box),
    ("endless_rows", _table(b"stts", 0xFFFFFFFF)),
    ("empty", empty),
    ("noise", noise),
    ("zeros", zeros),
    ("cut_off", cut_off),
    ("only_a_head", only_a_head),
    ("flat_picture", flat_picture),
    ("hours_of_nothing", hours_of_nothing),
    ("years_of_pictures", years_of_pictures),
    ("sound_hours_before", sound_hours_before),
)
HARMLESS: Sequence[tuple[str, Writer]] = (
    ("archive_behind_a_film", archive_behind_a_film),
    ("playlist_inside_a_film", playlist_inside_a_film),
    ("unspeakable_titles", unspeakable_titles),
    ("subtitles_with_references", subtitles_with_references),
)
# Of these we only ask that they end, and see nothing: what players make of them differs.
BOUNDED: Sequence[tuple[str, Writer]] = (
    ("huge_pictures", huge_pictures),
    ("picture_that_grows", picture_that_grows),
    ("external_media", external_media),
    ("external_file_alias", external_file_alias),
    ("endless_times", _table(b"stts", 1, 0xFFFFFFFF, 1)),
    ("endless_sizes", _table(b"stsz", 0, 0xFFFFFFFF)),
    ("no_offsets", _table(b"stco", 0)),
    ("wrong_offsets", _table(b"stco", 1, 0xFFFFFFF0)),
    ("odd_chunks", _table(b"stsc", 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)),
    ("backward_offsets", _table(b"ctts", 1, 10, 0x80000000)),
)
