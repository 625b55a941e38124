"""Others who say whether a stream is good."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from millrace.media.hls import ByteRange
from millrace.media.validate import Unreadable
from scripts.checkout import ROOT
from tests.media_fixtures import FFPROBE

_SCRIPT = """
const HLS = require(process.argv[1]);
HLS.setOptions({ strictMode: true, silent: true });
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const complaints = {};
for (const [name, text] of Object.entries(texts)) {
  try { HLS.parse(text); } catch (error) { complaints[name] = String(error.message || error); }
}
process.stdout.write(JSON.stringify(complaints));
"""


@dataclass(frozen=True)
class HlsParser:
    """Ask hls-parser, for many playlists at once."""

    node: Path

    def complaints(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return what it says against each playlist that it refuses."""
        module = ROOT / "frontends" / "node_modules" / "hls-parser"
        done = subprocess.run(
            [self.node, "-e", _SCRIPT, module],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Folder:
    """Read files below a folder."""

    root: Path

    def read(self, location: str, byte_range: ByteRange | None = None) -> bytes:
        """Return the bytes; raises Unreadable."""
        try:
            data = (self.root / unquote(location)).read_bytes()
        except OSError as error:
            raise Unreadable(str(error)) from error
        return data if byte_range is None else data[byte_range.offset : byte_range.end]

    def playlists(self) -> dict[str, str]:
        """Return all playlists by their path."""
        return {str(path.relative_to(self.root)): path.read_text() for path in self.root.rglob("*.m3u8")}


def probed(path: Path, *arguments: str) -> list[dict[str, str]]:
    """Return the streams that ffprobe sees, key frames and frames counted; an empty list where it gives up."""
    entries = "stream=codec_type,codec_name,width,height,nb_read_frames,duration,avg_frame_rate"
    argv = [FFPROBE, "-v", "error", *arguments, "-count_frames", "-show_entries", entries, "-of", "json", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    found = json.loads(done.stdout or "{}").get("streams", [])
    assert isinstance(found, list)
    return found if done.returncode == 0 else []
