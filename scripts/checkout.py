"""Where things are in this checkout. Standard library only: it runs before anything is installed."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tools_dir() -> Path:
    """Return the folder of environments and built layers: products of this checkout, safe to delete."""
    return ROOT / ".millrace"


def state_dir() -> Path:
    """Return the folder of accounts, videos, logs and process state.

    `MILLRACE_HOME` moves it, so that several platforms can run from one checkout.
    """
    chosen = os.environ.get("MILLRACE_HOME")
    return Path(chosen).expanduser().resolve() if chosen else tools_dir()
