"""Run a command for as long as whoever started it lives.

    python lifeline.py FD COMMAND …

`FD` is the reading end of a pipe whose writing end the starter keeps. When that closes, however the starter ended, the
command is told to end, and made to if it does not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

# An encoder that is told to end still says goodbye to the server.
PATIENCE_S = 5


def main(arguments: Sequence[str]) -> int:
    """Run the command, and return its exit code."""
    lifeline = int(arguments[0])
    child = subprocess.Popen(arguments[1:])
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_end_with, args=(lifeline, child), daemon=True).start()
    return child.wait()


def _end_with(lifeline: int, child: subprocess.Popen[bytes]) -> None:
    # Nothing is ever written: this returns at the end of the starter.
    os.read(lifeline, 1)
    child.terminate()
    try:
        child.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
