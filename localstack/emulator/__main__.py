"""Run the emulator: ``python -m emulator --help``."""

import sys

from emulator.cli import main

sys.exit(main())
