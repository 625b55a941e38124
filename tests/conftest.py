"""For every test: limits are off, because all of them come from one address; tests of limits turn them on."""

import os

os.environ.setdefault("LIMIT_SCALE", "0")
