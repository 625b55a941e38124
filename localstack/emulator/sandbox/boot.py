"""Start a worker: ``python -I -S boot.py CHANNEL_FD``.

The interpreter runs without site-packages and without the environment's Python settings, so that a function finds
what its layers and its code bring, and nothing of the emulator's.
"""

import os
import sys

_PACKAGE = "emulator"


def main() -> None:
    """Import the session, take it off the path again, and serve until the emulator hangs up."""
    # Not with pathlib, which takes longer to import than all the rest.
    source_root = os.path.realpath(__file__).rsplit(os.sep, 3)[0]
    sys.path.insert(0, source_root)
    from emulator.sandbox import session

    sys.path.remove(source_root)
    for name in [name for name in sys.modules if name.split(".")[0] == _PACKAGE]:
        del sys.modules[name]
    session.serve(int(sys.argv[1]))


main()
