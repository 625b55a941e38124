"""Which functions an entry point can call: names followed through modules, without running anything.

Nodes are a module's functions, classes (with all of their methods) and global assignments. Whatever a node mentions it
may call: too much rather than too little. What only some entry points use of the web layer is behind GATES.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
CORE = ROOT / "layers" / "core" / "python"
Node = tuple[str, str]

# (module, name that it mentions): texts of which the entry point has one if it ever gets there.
GATES: dict[Node, tuple[str, ...]] = {
    ("millrace.platform.http.api", "spend"): ("limits=",),
    ("millrace.platform.http.api", "answer_once"): ("idempotent=True",),
    # Only routes that know callers or set cookies look at cookies, and so want to know the site's address.
    ("millrace.platform.http.api", "narrow"): ("access=", "cookies="),
    ("millrace.platform.http.route", "Visitor"): ("access=", "cookies=", "visitor: Visitor"),
    ("millrace.platform.http.api", "read_visitor"): ("access=", "cookies=", "visitor: Visitor"),
}


@dataclass
class Module:
    """A module's top-level things, and what its names stand for."""

    name: str
    tree: ast.Module
    things: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Node | str] = field(default_factory=dict)


def reachable(entry: Path) -> dict[Node, tuple[Module, list[ast.stmt]]]:
    """Return every node that the entry point's module can reach, itself included."""
    source = entry.read_text(encoding="utf-8")
    main = _read("__main__", entry)
    found: dict[Node, tuple[Module, list[ast.stmt]]] = {("__main__", ""): (main, main.tree.body)}
    waiting = list(found)
    while waiting:
        module, statements = found[waiting.pop()]
        for node in _mentioned(module, statements):
            gate = GATES.get((module.name, node[1]))
            if node in found or (gate and not any(text in source for text in gate)):
                continue
            target = main if node[0] == "__main__" else load(node[0])
            if target is not None and node[1] in target.things:
                found[node] = (target, target.things[node[1]])
                waiting.append(node)
    return found


@cache
def load(name: str) -> Module | None:
    """Read a module of ours, None for others."""
    folder = {"millrace": CORE, "rtmp_ingest": ROOT}.get(name.partition(".")[0])
    if folder is None:
        return None
    path = folder / Path(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return _read(name, file) if file.is_file() else None


def _read(name: str, file: Path) -> Module:
    module = Module(name, ast.parse(file.read_text(encoding="utf-8")))
    _find_things(module)
    _find_imports(module)
    return module


def _find_things(module: Module) -> None:
    for statement in module.tree.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                module.things.setdefault(statement.name, []).append(statement)
            case ast.Assign() | ast.AnnAssign():
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        module.things.setdefault(target.id, []).append(statement)


def _find_imports(module: Module) -> None:
    for node in ast.walk(module.tree):
        match node:
            case ast.ImportFrom(module=str(source)):
                for alias in node.names:
                    module.imports[alias.asname or alias.name] = (source, alias.name)
            case ast.Import():
                for alias in node.names:
                    module.imports[alias.asname or alias.name.split(".")[0]] = alias.name


def _mentioned(module: Module, statements: list[ast.stmt]) -> Iterator[Node]:
    for statement in statements:
        yield from _mentioned_by(module, statement, frozenset())


def _mentioned_by(module: Module, node: ast.AST, own: frozenset[str]) -> Iterator[Node]:
    """Yield what a piece of source mentions; `own` are the names that a function gives to its own values."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        own |= _own_names(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
        yield from _meant(module, node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in own:
        source = module.imports.get(node.value.id)
        if isinstance(source, tuple):
            yield from _resolved((".".join(source), node.attr))
    for child in ast.iter_child_nodes(node):
        yield from _mentioned_by(module, child, own)


def _own_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    given = {argument.arg for argument in every if argument is not None}
    made = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(given | made)


def _meant(module: Module, name: str) -> Iterator[Node]:
    if name in module.things:
        yield module.name, name
    source = module.imports.get(name)
    if isinstance(source, tuple):
        yield from _resolved(source)


def _resolved(node: Node) -> Iterator[Node]:
    """Follow a name that a package only passes on to where it is made."""
    seen: set[Node] = set()
    while node not in seen:
        seen.add(node)
        module = load(node[0])
        if module is None:
            return
        if node[1] in module.things:
            yield node
            return
        further = module.imports.get(node[1])
        if not isinstance(further, tuple):
            return
        node = further
