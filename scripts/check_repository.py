"""Check what git tracks: no package host, no path of somebody's machine, no secret; locks with hashes only."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.checkout import ROOT

# Put together here so that this file does not contain them.
_HOSTS = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("registry", "yarnpkg", "com"),
            ("deb", "debian", "org"),
            ("proxy", "golang", "org"),
            ("repo", "maven", "apache", "org"),
            ("static", "crates", "io"),
        )
    )
)
_MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(?:work|root|Users/\w+|home/\w+)/")
_PRIVATE_KEY = re.compile("-----BEGIN " + r"(?:\w+ )*PRIVATE KEY-----\s*[\w+/]{40}")
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
_RULES = (
    (_HOSTS, "names a package host: pip, uv and npm know theirs, and users have their own"),
    (_MACHINE_PATH, "names a path of one machine"),
    (_PRIVATE_KEY, "holds a private key"),
    (_ACCESS_KEY, "holds an AWS access key"),
)
_LOCKS = ("requirements/*.txt", "layers/*/*requirements.txt", "layers/vendor/chalice.txt")
MAX_FILE_BYTES = 1024 * 1024


def text_violations(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, what is wrong) for what must not be in any file."""
    for rule, meaning in _RULES:
        for found in rule.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, meaning


def lock_violations(text: str) -> Iterator[str]:
    """Yield what is wrong with a Python lock: a requirement that is not pinned with hashes, an option, an address."""
    for requirement in re.sub(r"\\\n", " ", text).splitlines():
        line = requirement.split("#")[0].strip()
        if not line:
            continue
        if line.startswith("-") or "://" in line:
            yield f"names a place: {line[:60]}"
        elif not re.match(r"[\w.\[\]-]+==\S+ ", line) or "--hash=sha256:" not in line:
            yield f"is not pinned with a hash: {line[:60]}"


def npm_lock_violations(text: str) -> Iterator[str]:
    """Yield the packages of an npm lock that name an address or have no hash."""
    for name, package in json.loads(text).get("packages", {}).items():
        if "resolved" in package and not package.get("link"):
            yield f"{name} names an address"
        if name.startswith("node_modules/") and not package.get("link") and "integrity" not in package:
            yield f"{name} has no hash"


def tracked_files() -> list[Path]:
    """Return the files that git tracks or would add."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def main() -> int:
    """Check every file; print each finding with its place."""
    findings = []
    for file in tracked_files():
        name = file.relative_to(ROOT).as_posix()
        if file.stat().st_size > MAX_FILE_BYTES:
            findings.append(f"{name}: has more than {MAX_FILE_BYTES} bytes: generate it or fetch it instead")
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        findings += [f"{name}:{line}: {meaning}" for line, meaning in text_violations(text)]
        if any(file.relative_to(ROOT).match(pattern) for pattern in _LOCKS):
            findings += [f"{name}: {violation}" for violation in lock_violations(text)]
        if file.name == "package-lock.json":
            findings += [f"{name}: {violation}" for violation in npm_lock_violations(text)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
