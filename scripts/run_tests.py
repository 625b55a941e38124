"""`make test`: get what the tests need, then run them from the quick ones to the whole platform."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from scripts.browser import find_browser, install_browser
from scripts.checkout import ROOT
from scripts.environments import environment_python

# In this order: what fails first is what is nearest to the cause.
FOLDERS = (
    *("tests/unit", "tests/architecture", "tests/conformance", "tests/hostile", "tests/fuzz"),
    *("tests/integration", "tests/e2e"),
)


def main(arguments: Sequence[str]) -> int:
    """Run pytest; a missing browser is an error in CI, and elsewhere leaves the browser tests out."""
    selection: list[str] = []
    if find_browser() is None:
        sys.stderr.write("millrace: Installing Chromium for the browser tests …\n")
        if not install_browser():
            if os.environ.get("CI"):
                sys.stderr.write("millrace: there is no Chromium, and it could not be installed\n")
                return 1
            sys.stderr.write("millrace: browser tests are left out: there is no Chromium (apt-get install chromium)\n")
            selection = ["-m", "not browser"]
    folders = [folder for folder in FOLDERS if (ROOT / folder).is_dir()]
    chosen = (
        [] if any(not argument.startswith("-") and (ROOT / argument).exists() for argument in arguments) else folders
    )
    argv = [str(environment_python("dev")), "-m", "pytest", *chosen, *selection, *arguments]
    return subprocess.run(argv, check=False, cwd=ROOT, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
