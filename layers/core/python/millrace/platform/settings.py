"""Settings: the only place that reads the environment."""

import os


class MissingSetting(Exception):
    """An environment variable that the function needs is absent or empty."""

    def __init__(self, name: str) -> None:
        super().__init__(f"environment variable {name} is not set")
        self.name = name


def require(name: str) -> str:
    """Return the variable's value; an absent or empty one raises MissingSetting."""
    value = os.environ.get(name, "")
    if not value:
        raise MissingSetting(name)
    return value


def optional(name: str, default: str = "") -> str:
    """Return the variable's value, or the default where it is absent or empty."""
    return os.environ.get(name, "") or default
