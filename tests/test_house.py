"""The shape of the code: short functions, few parameters, small folders, and no circles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lenscal

PACKAGE = Path(lenscal.__file__).parent
LONGEST_FUNCTION = 60
"""Lines of a body, its docstring aside."""
MOST_PARAMETERS = 8
MOST_BRANCHES = 15
"""Cyclomatic complexity."""
LONGEST_FILE = 400
LONGEST_LINE = 100
MOST_MODULES = 14
"""In one folder, without its __init__.py."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The path inside the package, or of the package itself."""
    return path.relative_to(PACKAGE).as_posix()


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield f"{name_of(path)}:{node.name}", node


def body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: Function) -> int:
    a = function.args
    names = [argument.arg for argument in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def complexity(node: ast.AST) -> int:
    """McCabe's, counted as ruff counts: one, and one for each branch, loop, handler and inner
    function."""
    branches = 1
    for child in ast.iter_child_nodes(node):
        branches += _branches(child)
    return branches


def _branches(node: ast.AST) -> int:
    own = 0
    if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler):
        own = 1
    if isinstance(node, ast.For | ast.AsyncFor | ast.While) and node.orelse:
        own += 1
    if isinstance(node, ast.Try) and node.orelse:
        own += 1
    if isinstance(node, ast.match_case):
        own = 1
    if isinstance(node, Function):
        own = 1
    return own + sum(_branches(child) for child in ast.iter_child_nodes(node))


def imports(path: Path, names: frozenset[str]) -> set[str]:
    """Modules of lenscal that one imports, at its top or inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & names
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found |= {submodule if submodule in names else node.module} & names
    return found


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that import each other, directly or through others."""
    reachable: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            for name in graph.get(ahead.pop(), set()) - seen:
                seen.add(name)
                ahead.append(name)
        reachable[start] = seen
    groups: list[set[str]] = []
    for name, seen in reachable.items():
        if name in seen and not any(name in group for group in groups):
            groups.append({name} | {other for other in seen if name in reachable[other]})
    return groups


ALL = modules()
FUNCTIONS = [pair for path in ALL for pair in functions(path)]

NOT_YET: set[str] = set()
"""What is too large so far; take yours out when it is done."""


def over(limit: int, measured: dict[str, int]) -> dict[str, int]:
    return {name: n for name, n in measured.items() if n > limit and name not in NOT_YET}


def test_functions_fit_a_screen() -> None:
    assert over(LONGEST_FUNCTION, {name: body_lines(f) for name, f in FUNCTIONS}) == {}


def test_functions_take_few_parameters() -> None:
    assert over(MOST_PARAMETERS, {name: parameters(f) for name, f in FUNCTIONS}) == {}


def test_functions_branch_little() -> None:
    assert over(MOST_BRANCHES, {name: complexity(f) for name, f in FUNCTIONS}) == {}


def test_files_are_short() -> None:
    lengths = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in ALL}
    # A list of sentences, made by packaging/list_texts.py.
    del lengths["gui/texts.py"]
    assert over(LONGEST_FILE, lengths) == {}


def test_lines_are_short() -> None:
    longest = {
        name_of(p): max(map(len, p.read_text(encoding="utf-8").splitlines()), default=0)
        for p in ALL
    }
    assert over(LONGEST_LINE, longest) == {}


def test_folders_are_small() -> None:
    counts: dict[str, int] = {}
    for path in ALL:
        if path.name != "__init__.py":
            folder = name_of(path.parent)
            counts[folder] = counts.get(folder, 0) + 1
    assert over(MOST_MODULES, counts) == {}


def test_modules_do_not_import_in_circles() -> None:
    names = frozenset(module_name(path) for path in ALL)
    graph = {module_name(path): imports(path, names) - {module_name(path)} for path in ALL}
    # The package itself holds the version, and names that are looked up when they are used.
    graph["lenscal"] = set()
    assert [group for group in circles(graph) if not group <= NOT_YET] == []


@pytest.mark.parametrize(
    ("graph", "groups"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [{"a", "b", "c"}]),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], groups: list[set[str]]) -> None:
    assert circles(graph) == groups


def test_what_is_too_large_is_found() -> None:
    lines = "\n".join(f"    if x{i}: y = {i}" for i in range(16))
    tree = ast.parse(f"def f(self, a, *, b):\n    '''Text.'''\n{lines}\n    return y\n")
    (function,) = (node for node in ast.walk(tree) if isinstance(node, Function))
    assert (body_lines(function), parameters(function), complexity(function)) == (17, 2, 17)
