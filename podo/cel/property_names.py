"""How properties are called in expressions: names that the language cannot hold are escaped."""

import re

RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
POSSIBLE = re.compile(r"[A-Za-z_./-][A-Za-z0-9_./-]*", re.ASCII)


def escaped(name: str) -> str | None:
    """The name in expressions; None when it has none."""
    if name in RESERVED:
        return f"__{name}__"
    if "__" not in name and PLAIN.fullmatch(name):
        return name
    if not POSSIBLE.fullmatch(name):
        return None
    return re.sub(r"__|[./-]", lambda match: ESCAPES[match[0]], name)
