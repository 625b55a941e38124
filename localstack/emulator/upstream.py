"""The one door to MiniStack's modules.

They are untyped, private, and read the environment while they are imported; so they are reached late and by name,
and a name that upstream has dropped is reported instead of patched over.
"""

import importlib
from collections.abc import Callable
from typing import Any

PINNED_VERSION = "1.5.33"


class UpstreamChanged(Exception):
    """MiniStack no longer has something that a patch replaces."""


def module(name: str) -> Any:
    """Import ``ministack.<name>``."""
    return importlib.import_module(f"ministack.{name}")


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace the function ``owner.name`` by ``make(the function it was)``."""
    original = getattr(owner, name, None)
    if original is None:
        raise UpstreamChanged(f"{owner.__name__}.{name} is gone from MiniStack")
    setattr(owner, name, make(original))


def resource_type(name: str) -> dict[str, Any]:
    """Return the CloudFormation handlers of a resource type, to be changed in place."""
    handlers: dict[str, dict[str, Any]] = module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    if name not in handlers:
        raise UpstreamChanged(f"CloudFormation type {name} is gone from MiniStack")
    return handlers[name]
