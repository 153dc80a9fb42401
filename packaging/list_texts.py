"""Sentences of the layers below the window, for translators: writes lenscal/gui/texts.py, which
lupdate reads.

python packaging/list_texts.py
"""

from __future__ import annotations

import ast
import string
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "lenscal" / "gui" / "texts.py"
HEAD = '''"""Made by packaging/list_texts.py: templates of `translatable`, for lupdate."""
# fmt: off

from PySide6.QtCore import QT_TRANSLATE_NOOP

TEXTS = (
'''


def templates(source: str, where: str) -> list[str]:
    """The templates of all calls of `translatable` in a module; refuses those that could not be
    translated."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "translatable"
        ):
            continue
        first = node.args[0] if len(node.args) == 1 else None
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            raise ValueError(f"{where}:{node.lineno}: translatable() needs one literal template")
        named = {
            name for _, name, _, _ in string.Formatter().parse(first.value) if name is not None
        }
        if named != {keyword.arg for keyword in node.keywords}:
            raise ValueError(
                f"{where}:{node.lineno}: the template names {sorted(named)}, the call gives other values"
            )
        found.append(first.value)
    return found


def listing() -> str:
    """The module's text as it should be."""
    found: set[str] = set()
    for path in sorted((ROOT / "lenscal").rglob("*.py")):
        if path.name != "translation.py":
            found.update(templates(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))))
    lines = [f'    QT_TRANSLATE_NOOP("Translatable", {quoted(text)}),' for text in sorted(found)]
    return HEAD + "\n".join(lines) + "\n)\n"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main() -> int:
    LIST.write_text(listing(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
