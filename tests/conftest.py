"""For every test: limits are off, because all of them come from one address; tests of limits turn them on.

Machines that run tests are busy: an example that takes long says nothing about the code.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("LIMIT_SCALE", "0")

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let more films be damaged than a run of the whole suite has time for."""
    parser.addoption("--fuzz-cases", type=int, default=240, help="how many damaged films tests/fuzz tries")
    parser.addoption("--fuzz-seed", type=int, default=0, help="the seed of the first of them")
