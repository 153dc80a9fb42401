"""Sentences of the layers below the window, for translators: writes lenscal/gui/texts.py, which
lupdate reads, and finds sentences that could not be translated.

python packaging/list_texts.py
"""

from __future__ import annotations

import ast
import string
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "lenscal"
LIST = PACKAGE / "gui" / "texts.py"
HEAD = '''"""Made by packaging/list_texts.py: templates of `translatable`, for lupdate."""

# fmt: off

from PySide6.QtCore import QT_TRANSLATE_NOOP

TEXTS = (
'''
LINE_LENGTH = 84
"""Characters of a sentence that stand on one line of the list, quotes and indent aside."""

ERRORS = ("LenscalError", "InputError")
COLLECTED = {"warnings", "doubts", "problems", "notes", "differences"}
"""Names of lists whose members the user reads, wherever something is appended to them."""
SPOKEN = {"message", "problem", "reason", "warning", "doubt", "advice"}
"""Names of arguments that the user reads, whatever is called with them."""
PLAIN_METHODS = {
    "capitalize",
    "format",
    "join",
    "lower",
    "removeprefix",
    "removesuffix",
    "replace",
    "rstrip",
    "strip",
    "upper",
}
"""What makes plain text of a sentence."""


def templates(source: str, where: str) -> list[str]:
    """The templates of all calls of `translatable` in a module; refuses those that could not be
    translated."""
    texts = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and _name(node.func) == "translatable"):
            continue
        first = node.args[0] if len(node.args) == 1 else None
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            raise ValueError(f"{where}:{node.lineno}: translatable() needs one literal template")
        named = {
            name for _, name, _, _ in string.Formatter().parse(first.value) if name is not None
        }
        if named != {keyword.arg for keyword in node.keywords}:
            raise ValueError(
                f"{where}:{node.lineno}: the template names {sorted(named)}, "
                "the call gives other values"
            )
        texts.append(first.value)
    return texts


def untranslatable(source: str, errors: frozenset[str] = frozenset(ERRORS)) -> list[str]:
    """What a module says to users as plain text, "line: how"; empty where all can be translated.

    Looks at messages of `errors` and of `Report`, at warnings and doubts that are appended, and at
    arguments with such names. A variable is followed to what the same function puts into it; what
    comes from elsewhere (an attribute, another function) is that place's to answer for.
    """
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    faults = []
    for scope in (tree, *functions):
        values = _assigned(scope)
        for spoken in _spoken(scope, errors):
            how = _plain(spoken, values, frozenset())
            if how:
                faults.append(f"{spoken.lineno}: {how}")
    return sorted(set(faults), key=lambda fault: int(fault.split(":")[0]))


def error_classes() -> frozenset[str]:
    """`LenscalError` and all that derives from it in the package."""
    bases = {
        node.name: {_name(base) for base in node.bases}
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    errors = set(ERRORS)
    while more := {name for name, of in bases.items() if of & errors} - errors:
        errors |= more
    return frozenset(errors)


def _name(node: ast.expr) -> str:
    """The last name of an expression: "append" of `a.b.append`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module or function, without those of functions in it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from _own(node)


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What is put into each variable of a scope."""
    values: dict[str, list[ast.expr]] = {}
    for node in _own(scope):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets = [node.target]
        for target in targets:
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and value is not None:
                if isinstance(node, ast.AugAssign):
                    value = ast.copy_location(ast.BinOp(target, node.op, value), node)
                values.setdefault(target.id, []).append(value)
    return values


def _spoken(scope: ast.AST, errors: frozenset[str]) -> Iterator[ast.expr]:
    """The expressions of a scope that users read."""
    for node in _own(scope):
        if isinstance(node, ast.Call):
            yield from _said_by_call(node, errors)
        elif isinstance(node, ast.AugAssign) and _name(node.target) in COLLECTED:
            yield from _members(node.value)
    if isinstance(scope, ast.FunctionDef) and any(word in scope.name for word in COLLECTED):
        for node in _own(scope):
            if isinstance(node, ast.Yield) and node.value is not None:
                yield node.value
            if isinstance(node, ast.Return) and node.value is not None:
                yield from _members(node.value)


def _said_by_call(call: ast.Call, errors: frozenset[str]) -> Iterator[ast.expr]:
    """The arguments of a call that users read."""
    called = _name(call.func)
    if called in errors:
        yield from call.args[:1]
    if called == "Report":
        yield from call.args[1:2]
    collected = isinstance(call.func, ast.Attribute) and _name(call.func.value) in COLLECTED
    if collected and called == "append":
        yield from call.args
    if collected and called == "extend":
        yield from (member for argument in call.args for member in _members(argument))
    for keyword in call.keywords:
        if keyword.arg in SPOKEN and called != "translatable":
            yield keyword.value
        elif keyword.arg in COLLECTED:
            yield from _members(keyword.value)


def _members(node: ast.expr) -> Iterator[ast.expr]:
    """The members of a list or tuple that is written out, or made by a comprehension."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        for member in node.elts:
            yield from _members(member.value) if isinstance(member, ast.Starred) else [member]
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        yield node.elt


def _plain(node: ast.expr, values: dict[str, list[ast.expr]], followed: frozenset[str]) -> str:
    """How an expression makes plain text, or ""."""
    if isinstance(node, ast.Constant):
        return "a literal" if isinstance(node.value, str) and node.value else ""
    if isinstance(node, ast.JoinedStr):
        return "an f-string"
    if isinstance(node, ast.BinOp):
        return {"Add": "+", "Mod": "%"}.get(type(node.op).__name__, "")
    if isinstance(node, ast.IfExp):
        return _plain(node.body, values, followed) or _plain(node.orelse, values, followed)
    if isinstance(node, ast.BoolOp):
        return next(filter(None, (_plain(n, values, followed) for n in node.values)), "")
    if isinstance(node, ast.NamedExpr):
        return _plain(node.value, values, followed)
    if isinstance(node, ast.Call):
        called = _name(node.func)
        if isinstance(node.func, ast.Attribute) and called in PLAIN_METHODS:
            # The window's own sentences are translated at once, and filled in afterwards.
            inner = node.func.value
            translated = isinstance(inner, ast.Call) and _name(inner.func) in ("tr", "translate")
            return "" if called == "format" and translated else f".{called}()"
        return f"{called}()" if called in ("str", "repr") else ""
    if isinstance(node, ast.Name) and node.id not in followed:
        inner = followed | {node.id}
        ways = (_plain(value, values, inner) for value in values.get(node.id, []))
        return next((f"{node.id} is {way}" for way in ways if way), "")
    return ""


def listing() -> str:
    """The module's text as it should be."""
    texts: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "translation.py":
            texts.update(templates(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))))
    return HEAD + "".join(entry(text) for text in sorted(texts)) + ")\n"


def entry(text: str) -> str:
    """A sentence's lines in the list; lupdate joins literals that follow each other."""
    whole = f'    QT_TRANSLATE_NOOP("Translatable", {quoted(text)}),\n'
    if len(whole) <= 100:
        return whole
    parts = textwrap.wrap(
        text,
        LINE_LENGTH,
        drop_whitespace=False,
        break_on_hyphens=False,
        expand_tabs=False,
        replace_whitespace=False,
    )
    lines = "".join(f"        {quoted(part)}\n" for part in parts)
    return f'    QT_TRANSLATE_NOOP(\n        "Translatable",\n{lines}    ),\n'


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main() -> int:
    LIST.write_text(listing(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
