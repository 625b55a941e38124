"""Which functions have an HTTP API: those whose `app.py` defines `api`."""

import ast
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from millrace.platform.http import Api


def load_apis(functions_dir: Path) -> Mapping[str, Api]:
    """Import every `<folder>/app.py` and return the APIs by folder, in the order of their names."""
    apis: dict[str, Api] = {}
    for path in sorted(functions_dir.glob("*/app.py")):
        if not _assigns_api(path):
            continue
        # Every file is called app: each gets a module name of its own.
        module = _load(f"millrace_functions_{path.parent.name}", path)
        if isinstance(module.api, Api):
            apis[path.parent.name] = module.api
    return apis


def _assigns_api(path: Path) -> bool:
    """Tell from the source alone: a workflow step has no API, and need not be imported to know it."""
    module = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    targets = [target for node in module.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "api" for target in targets)


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
