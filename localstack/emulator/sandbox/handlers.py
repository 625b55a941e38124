"""Find the function to call, as Lambda's Python runtime does."""

import importlib
import sys
from collections.abc import Callable
from typing import Any


class CannotLoad(Exception):
    """The handler cannot be loaded; carries the error type that Lambda reports."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def load(init: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """Set the import path and return the handler named ``init["handler"]``.

    Raises CannotLoad, or whatever importing the function's module raises.
    """
    sys.path[:0] = init["search_path"]
    _add_site_directories(init["site_directories"])
    module_name, dot, function_name = str(init["handler"]).rpartition(".")
    if not dot:
        raise CannotLoad("Runtime.MalformedHandlerName", f"Bad handler {init['handler']!r}")
    module_name = module_name.replace("/", ".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise CannotLoad("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise CannotLoad("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    handler = getattr(module, function_name, None)
    if not callable(handler):
        raise CannotLoad("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return handler  # type: ignore[no-any-return]


def _add_site_directories(directories: list[str]) -> None:
    # A layer may hold a real site-packages, whose .pth files count. The module is costly: only when needed.
    if not directories:
        return
    import site

    for directory in directories:
        site.addsitedir(directory)
