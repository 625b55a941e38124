"""Build what the template says to build by make, once per content, and know the limits that Lambda sets."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.checkout import tools_dir
from scripts.deployer.artifacts import write_zip
from scripts.deployer.errors import BuildFailed
from scripts.deployer.template import load_template, section
from scripts.obtain_uv import obtain_uv
from scripts.pip_settings import current_uv_environment
from scripts.stamps import digest

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
MAX_DIRECT_ZIP_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Runtime:
    """The interpreter that a layer's wheels are chosen for."""

    python_version: str
    architecture: str

    @classmethod
    def of_this_machine(cls) -> Runtime:
        """Return the interpreter that the local Lambda workers run on."""
        major, minor, _ = platform.python_version_tuple()
        return cls(f"{major}.{minor}", platform.machine())


@dataclass(frozen=True)
class BuiltLayer:
    """A layer's archive, named by what it was built from."""

    name: str
    archive: Path
    zip_bytes: int
    unzipped_bytes: int


def build_layer(name: str, source: Path, runtime: Runtime) -> BuiltLayer:
    """Run the layer's `build-<name>` target, as `sam build` does, unless its archive is in the cache."""
    stamp = digest([source], runtime.python_version, runtime.architecture, name)
    archive = tools_dir() / "cache" / "layers" / f"{name}-{stamp[:32]}.zip"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
            built, zipped = Path(scratch) / "built", Path(scratch) / "layer.zip"
            built.mkdir()
            _make(name, source, built, runtime)
            write_zip(built, zipped)
            zipped.replace(archive)
        _forget_older(archive, name)
    return measure(name, archive)


def unpack_layer(name: str, source: Path, runtime: Runtime) -> Path:
    """Return a folder with what a layer puts below /opt: processes of this machine use the very same tools."""
    archive = build_layer(name, source, runtime).archive
    folder = archive.with_suffix("")
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=archive.parent) as scratch, zipfile.ZipFile(archive) as zipped:
            unpacked = Path(scratch) / "unpacked"
            for entry in zipped.infolist():
                file = Path(zipped.extract(entry, unpacked))
                file.chmod(entry.external_attr >> 16 & 0o777 or 0o755)
            with suppress(OSError):
                # Somebody else may have been faster.
                unpacked.rename(folder)
    return folder


def prebuild(template_path: Path) -> None:
    """Build every layer that a template builds by make, so that packaging finds it in the cache."""
    for name, resource in section(load_template(template_path), "Resources").items():
        metadata, properties = resource.get("Metadata"), resource.get("Properties")
        if not isinstance(metadata, dict) or not isinstance(properties, dict):
            continue
        source = properties.get("ContentUri")
        if metadata.get("BuildMethod") == "makefile" and isinstance(source, str):
            build_layer(name, template_path.parent / source, Runtime.of_this_machine())


def measure(name: str, archive: Path) -> BuiltLayer:
    """Return an archive with its sizes."""
    with zipfile.ZipFile(archive) as opened:
        unzipped = sum(entry.file_size for entry in opened.infolist())
    return BuiltLayer(name, archive, archive.stat().st_size, unzipped)


def _make(name: str, source: Path, built: Path, runtime: Runtime) -> None:
    make = shutil.which("make")
    if make is None:
        raise BuildFailed("make is not installed: the layers are built by it")
    environ = {
        **current_uv_environment(),
        "ARTIFACTS_DIR": str(built),
        "PYTHON_VERSION": runtime.python_version,
        "ARCHITECTURE": runtime.architecture,
        "UV": str(obtain_uv(lambda _line: None)),
    }
    # Called from our own Makefile, make would hand its job server and options down to this one.
    for inherited in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environ.pop(inherited, None)
    argv = [make, "--silent", "--no-print-directory", f"build-{name}"]
    done = subprocess.run(
        argv, check=False, cwd=source, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        where = os.path.relpath(source)
        raise BuildFailed(f"{where}: make build-{name} failed: {' '.join(lines[-4:])}")


def _forget_older(archive: Path, name: str) -> None:
    """Keep the newest few builds of a layer: branches come and go, disks do not grow."""
    builds = sorted(archive.parent.glob(f"{name}-*.zip"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in builds[4:]:
        old.unlink(missing_ok=True)
        shutil.rmtree(old.with_suffix(""), ignore_errors=True)
