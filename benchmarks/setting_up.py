"""How long a clone takes to become a platform, to start again, and to take a change.

    .millrace/venv/bin/python -m benchmarks.setting_up

Works on a clone of its own in a temporary folder, with free ports. "Fresh" has nothing cached: every package
comes from its registry.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.table import print_table

ROOT = Path(__file__).parents[1]
# A line that changes nothing but the package's bytes.
CHANGE = "\n# A change of one line.\n"


def main() -> None:
    """Measure and print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "millrace"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = _environment(Path(folder))
        try:
            rows = _measure(clone, environment)
        finally:
            _run(clone, environment, "./millrace", "down")
    print_table("Setting up", ["", "wall time"], rows)


def _environment(folder: Path) -> dict[str, str]:
    """Point every cache of a package installer into the folder, so that nothing is there yet."""
    return {
        **os.environ,
        "HOME": str(folder / "home"),
        "UV_CACHE_DIR": str(folder / "uv"),
        "PIP_CACHE_DIR": str(folder / "pip"),
        "npm_config_cache": str(folder / "npm"),
        "MILLRACE_EMULATOR_PORT": "0",
        "MILLRACE_EDGE_PORT": "0",
    }


def _measure(clone: Path, environment: Mapping[str, str]) -> list[list[str]]:
    rows = [["fresh `make up`, nothing cached", _timed(clone, environment, "make", "up")]]
    status = json.loads(_run(clone, environment, "./millrace", "status", "--json"))
    _run(clone, environment, "./millrace", "down")
    rows.append(["`make up` again", _timed(clone, environment, "make", "up")])
    again = json.loads(_run(clone, environment, "./millrace", "status", "--json"))
    if again["outputs"] != status["outputs"]:
        raise SystemExit("the second start is another platform than the first")
    rows.append(["`make up` while it runs", _timed(clone, environment, "make", "up")])
    package = clone / "layers" / "core" / "python" / "millrace" / "videos" / "service.py"
    package.write_text(package.read_text() + CHANGE)
    rows.append(["`./millrace deploy` after a change of one line", _timed(clone, environment, "./millrace", "deploy")])
    rows.append(["`./millrace deploy` without a change", _timed(clone, environment, "./millrace", "deploy")])
    rows.append(["`make down`", _timed(clone, environment, "make", "down")])
    return rows


def _timed(clone: Path, environment: Mapping[str, str], *command: str) -> str:
    started_s = time.monotonic()
    _run(clone, environment, *command)
    return f"{time.monotonic() - started_s:.1f} s"


def _run(clone: Path, environment: Mapping[str, str], *command: str) -> str:
    return subprocess.run(command, cwd=clone, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
