"""Build the pages and bring the site bucket to what was built."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.checkout import ROOT, tools_dir
from scripts.deployer.errors import BuildFailed
from scripts.environments import ensure
from scripts.stamps import digest, is_current, write_stamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A bundler puts a hash into the names of what it may give for ever.
_HASHED_NAME = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.\w+(\.map)?$")
_HASHED_FOLDERS = ("assets/", "_next/static/", "/assets/", "/_next/static/")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_OLD_ASSETS_KEPT = timedelta(days=7)
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}


@dataclass(frozen=True)
class Published:
    """What was done to the bucket."""

    uploaded: int
    deleted: int
    unchanged: int

    def summary(self) -> str:
        """Say it in a few words."""
        if not self.uploaded and not self.deleted:
            return "nothing changed"
        return f"{self.uploaded} uploaded, {self.deleted} deleted"


def build_site(say: Callable[[str], None], sources: Path = ROOT / "frontends") -> Path | None:
    """Build the pages unless they are built from just these sources; return the folder, None if there are no pages."""
    lock = sources / "package-lock.json"
    if not (sources / "package.json").exists() or not lock.exists():
        return None
    dist, stamps = sources / "dist", tools_dir() / "cache" / "frontends"
    if dist.is_dir() and is_current(stamps, "build", digest([sources])):
        return dist
    ensure("node", say)
    modules = digest([lock, ROOT / "requirements" / "node.txt"])
    if not (sources / "node_modules").is_dir() or not is_current(stamps, "modules", modules):
        say("installing packages")
        npm(sources, ["ci", "--no-audit", "--no-fund"])
        write_stamp(stamps, "modules", modules)
    say("building")
    npm(sources, ["run", "build"])
    if not dist.is_dir():
        raise BuildFailed("frontends: npm run build left no dist folder")
    write_stamp(stamps, "build", digest([sources]))
    return dist


def publish_site(dist_dir: Path, bucket: str, s3: S3Client) -> Published:
    """Upload what changed, pages after the assets that they name, then delete what is no longer needed.

    Assets of earlier builds stay for a while: a page that was opened before goes on to load them.
    """
    found = {
        item["Key"]: item
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for item in page.get("Contents", [])
    }
    stored = {key: item["ETag"].strip('"') for key, item in found.items()}
    files = {file.relative_to(dist_dir).as_posix(): file for file in dist_dir.rglob("*") if file.is_file()}
    changed = [key for key, file in files.items() if stored.get(key) != _etag(file)]

    def upload(key: str) -> None:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=files[key].read_bytes(),
            ContentType=content_type(key),
            CacheControl=cache_control(key),
        )

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(upload, [key for key in changed if not key.endswith(".html")]))
        list(pool.map(upload, [key for key in changed if key.endswith(".html")]))
    kept_since = datetime.now(UTC) - _OLD_ASSETS_KEPT
    stale = sorted(
        key
        for key in stored.keys() - files.keys()
        if cache_control(key) != _FOR_EVER or found[key]["LastModified"] < kept_since
    )
    for start in range(0, len(stale), 1000):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in stale[start : start + 1000]]})
    return Published(len(changed), len(stale), len(files) - len(changed))


def content_type(key: str) -> str:
    """Return the media type of a file of the site."""
    return _TYPES.get(Path(key).suffix) or mimetypes.guess_type(key)[0] or "application/octet-stream"


def cache_control(key: str) -> str:
    """Let browsers keep for ever what has its hash in its name, and ask each time for everything else."""
    hashed = any(folder in f"/{key}" for folder in _HASHED_FOLDERS) and _HASHED_NAME.search(key)
    return _FOR_EVER if hashed else _ASK_EACH_TIME


def _etag(file: Path) -> str:
    # S3's ETag of an object that was put in one piece.
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def npm(folder: Path, arguments: list[str]) -> None:
    """Run npm of the Node.js environment in a folder; raise BuildFailed with its last line."""
    binaries = tools_dir() / "node" / "bin"
    environ = {
        # Node.js brings certificates of its own; a network with its own authority has added it to the system's.
        "NODE_USE_SYSTEM_CA": "1",
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "CI": "true",
    }
    npm = shutil.which("npm", path=str(binaries))
    if npm is None:
        raise BuildFailed("the Node.js environment has no npm: delete .millrace/node and run this again")
    done = subprocess.run(
        [npm, *arguments],
        check=False,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        log = tools_dir() / "cache" / "frontends" / "npm.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        raise BuildFailed(f"npm {arguments[0]} failed: {_complaint(done.stderr or done.stdout)} (see {log})")


def _complaint(output: str) -> str:
    """Return npm's last line that says something: it ends by naming a log of its own."""
    told = (line.strip() for line in output.splitlines())
    lines = [
        line for line in told if line and not line.startswith("npm warn") and "complete log of this run" not in line
    ]
    return lines[-1].removeprefix("npm error ") if lines else "no message"
