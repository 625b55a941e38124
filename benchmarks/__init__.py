"""Benchmarks: scripts that measure and print tables, with a rival in the same run."""

import sys
from pathlib import Path

# Our package is no installed one: functions find it in a layer, and these scripts in the checkout.
sys.path.insert(0, str(Path(__file__).parents[1] / "layers" / "core" / "python"))
