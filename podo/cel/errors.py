"""What can go wrong with an expression: when it is compiled, and when it runs."""

from typing import NamedTuple

MAX_SNIPPET = 16384


class Issue(NamedTuple):
    """One fault at an offset (in characters) of the source; -1 when it has no place."""

    offset: int
    message: str


class CompileError(Exception):
    """An expression that cannot be compiled. Its text is what clients see, one `ERROR:` paragraph an issue."""

    stage = "compilation"

    @property
    def detail(self) -> str:
        """What failed, and why."""
        return f"{self.stage} failed: {self}"

    def __init__(self, source: str, issues: list[Issue]) -> None:
        self.issues = sorted(set(issues), key=lambda issue: (_place(source, issue.offset), issue.message))
        super().__init__("\n".join(display(source, issue) for issue in self.issues))


class ProgramError(CompileError):
    """An expression that is sound, but cannot be made to run."""

    stage = "program instantiation"

    def __init__(self, fault: str) -> None:
        super().__init__("", [])
        self.args = (fault,)


class EvalError(Exception):
    """A run-time error of CEL: `&&` and `||` may absorb it."""


class CostExceeded(Exception):
    """The run was stopped because it cost too much; nothing absorbs it."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


def _place(source: str, offset: int) -> tuple[int, int]:
    if offset < 0:
        return -1, 0
    line = source.count("\n", 0, offset)
    return line + 1, offset - (source.rfind("\n", 0, offset) + 1)


def display(source: str, issue: Issue) -> str:
    """The issue with its place and the source line, a caret under the fault (wide characters get a wide one)."""
    line, column = _place(source, issue.offset)
    shown = column + 1 if source else 0
    text = f"ERROR: <input>:{line}:{shown}: {issue.message}"
    if line < 1:
        return text
    snippet = source.split("\n")[line - 1].replace("\t", " ")
    if len(snippet) > MAX_SNIPPET:
        return text
    dots = "".join("．" if ord(char) > 127 else "." for char in snippet[:column])
    wide = column < len(snippet) and ord(snippet[column]) > 127
    return f"{text}\n | {snippet}\n | {dots}{'＾' if wide else '^'}"
