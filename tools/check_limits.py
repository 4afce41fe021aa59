"""The house limits on size (docs/adr/0002): a file of 500 lines or a function body of 60 fails the build.

Exceptions stand in `EXCEPTIONS`, each with its reason. Generated files are not counted.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE, MAX_FUNCTION = 500, 60
ROOTS = ("podo", "tests", "tools", "bench", "examples")
GENERATED = "podo/api/types/"
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
EXCEPTIONS: dict[str, str] = {}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the end of the function."""
    body = function.body
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body = body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def problems(path: Path) -> Iterator[str]:
    """Every limit that the file at `path` breaks, one line each."""
    text = path.read_text()
    if path.stem in BANNED_NAMES:
        yield f"{path}: a name that says nothing"
    if (lines := text.count("\n")) > MAX_FILE:
        yield f"{path}: {lines} lines, limit {MAX_FILE}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (size := body_lines(node)) > MAX_FUNCTION:
            yield f"{path}:{node.lineno}: {node.name} has {size} lines, limit {MAX_FUNCTION}"


def main() -> int:
    """Print every problem; the exit status is 1 if there is one."""
    files = [p for root in ROOTS for p in sorted(Path(root).rglob("*.py")) if not str(p).startswith(GENERATED)]
    found = [line for path in files if str(path) not in EXCEPTIONS for line in problems(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
