"""The house rules that a linter has no word for."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("functions", "layers/core/python", "localstack", "scripts", "rtmp_ingest", "benchmarks")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 45
MAX_ENTRY_POINT_LINES = 40
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_modules_to_check() -> None:
    assert len(MODULES) > 30


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_one_idea(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    assert path.stem not in VAGUE
    tree = ast.parse(text)
    if path.name != "__init__.py" or tree.body:
        assert ast.get_docstring(tree), "a module says in one line what it is"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            allowed = MAX_ENTRY_POINT_LINES if _name(path).startswith("functions/") else MAX_FUNCTION_LINES
            assert lines <= allowed, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_settings_reads_the_environment_of_a_function(path: Path) -> None:
    name = _name(path)
    if not name.startswith(("functions/", "layers/core/")) or name.endswith("platform/settings.py"):
        return
    reads = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not reads


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_stores_speak_dynamodb(path: Path) -> None:
    name = _name(path)
    if not name.startswith(("functions/", "layers/core/")) or path.name == "store.py":
        return
    assert "pynamodb" not in path.read_text()
