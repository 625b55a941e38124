"""Find the Chromium that browser tests drive, or install it from Debian's packages where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the path of an installed Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def install_browser() -> bool:
    """Install Chromium with apt-get as root; tell whether it is there now."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            ["apt-get", "--quiet", *arguments], check=False, env=environ, capture_output=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            return False
    return find_browser() is not None
