"""From a checkout and a bare Python to working environments."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.checkout import ROOT
from scripts.environments import base_python


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what the set-up needs, with nothing set up."""
    for name in ("scripts", "requirements", "layers/vendor", "layers/ffmpeg"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "millrace", tmp_path)
    return tmp_path


def _bootstrap(checkout: Path, *names: str, **environ: str) -> subprocess.CompletedProcess[str]:
    # Only the system's own programs: no uv, and no environment of ours.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "VIRTUAL_ENV"))}
    return subprocess.run(
        [str(base_python()), "-m", "scripts.bootstrap", *names],
        check=False,
        cwd=checkout,
        env={**clean, "PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=280,
    )


def test_an_empty_checkout_gets_its_environments_once(checkout: Path) -> None:
    first = _bootstrap(checkout, "emulator")
    assert first.returncode == 0, first.stderr
    assert first.stdout == ""
    version = [str(checkout / ".millrace/emulator/bin/python"), "-c", "import ministack"]
    assert subprocess.run(version, check=False).returncode == 0
    second = _bootstrap(checkout, "emulator")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    # Another lock is another environment's content; a lost interpreter is none.
    (checkout / ".millrace/emulator/bin/python").unlink()
    third = _bootstrap(checkout, "emulator")
    assert third.returncode == 0, third.stderr
    assert "Installing the emulator" in third.stderr


def test_a_file_that_is_not_the_pinned_one_is_refused(checkout: Path) -> None:
    lock = checkout / "requirements" / "emulator.txt"
    lock.write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    done = _bootstrap(checkout, "emulator")
    assert done.returncode == 1
    assert "hash" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert _bootstrap(checkout, "emulator").returncode == 1, "a failure is not remembered as done"


def test_without_any_way_to_get_uv_one_line_says_what_to_install(checkout: Path) -> None:
    lonely = "https://127.0.0.1:9/simple"
    done = _bootstrap(
        checkout, "emulator", PATH="/nonexistent", PIP_INDEX_URL=lonely, PIP_RETRIES="0", PIP_FIND_LINKS=""
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("millrace: uv could not be installed: install python3-venv")
    assert "Traceback" not in done.stderr


def test_an_unknown_environment_is_named(checkout: Path) -> None:
    done = _bootstrap(checkout, "nothing")
    assert (done.returncode, "nothing" in done.stderr) == (2, True)


@pytest.mark.skipif(sys.platform != "linux", reason="a fake interpreter is a shell script")
def test_an_old_python_hands_over_or_says_so(checkout: Path, tmp_path: Path) -> None:
    code = (checkout / "millrace").read_text().replace("OLDEST = (3, 11)", "OLDEST = (3, 99)")
    (checkout / "millrace").write_text(code)
    done = subprocess.run(
        [str(base_python()), str(checkout / "millrace"), "status"],
        check=False,
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("millrace: Python 3.99 or newer is needed; this is 3.")
