"""For every test: limits are off, because all of them come from one address; tests of limits turn them on.

Machines that run tests are busy: an example that takes long says nothing about the code.
"""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("LIMIT_SCALE", "0")

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")
