"""Which images a Containerfile starts from: just enough of its grammar to find them. Pure."""

import re
from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::([-+])([^}]*))?\}|(\w+))")
_ESCAPE = re.compile(r"^#\s*escape\s*=\s*([`\\])\s*$", re.IGNORECASE)
_MOUNT_FROM = re.compile(r"--mount=\S*\bfrom=([^,\s]+)")


def instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """(line from 1, word in capitals, rest) of each instruction; comments gone, continued lines joined."""
    first = text.split("\n", 1)[0]
    escape = found[1] if (found := _ESCAPE.match(first)) else "\\"
    start, whole = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        start = start or number
        if stripped.endswith(escape):
            whole += stripped[:-1] + " "
            continue
        word, _, rest = (whole + stripped).partition(" ")
        yield start, word.upper(), rest.strip()
        start, whole = 0, ""


def base_images(text: str, args: Mapping[str, str] | None = None) -> list[str]:
    """The images of FROM, COPY --from and RUN --mount=from, as written, variables filled in; stages left out."""
    variables: dict[str, str] = {}
    stages: set[str] = set()
    found: dict[str, None] = {}
    before_from = True
    for _, word, rest in instructions(text):
        if word == "ARG" and before_from:
            name, _, default = rest.partition("=")
            variables[name.strip()] = (args or {}).get(name.strip(), default.strip().strip("\"'"))
        elif word == "FROM":
            before_from = False
            words = [w for w in _filled(rest, variables).split() if not w.startswith("--")]
            if words and words[0].lower() not in stages | {"scratch"}:
                found[words[0]] = None
            if len(words) == 3 and words[1].upper() == "AS":
                stages.add(words[2].lower())
        elif word in ("COPY", "RUN"):
            copied = re.match(r"(?:--\S+\s+)*--from=(\S+)", rest) if word == "COPY" else _MOUNT_FROM.search(rest)
            if copied and copied[1].lower() not in stages and not copied[1].isdigit():
                found[copied[1]] = None
    return list(found)


def line_of_step(text: str, stage: int, step: int) -> tuple[int, str] | None:
    """The line and the words of a stage's instruction, both counted from 1; a stage's first is its FROM."""
    stages = steps = 0
    for line, word, rest in instructions(text):
        if word == "FROM":
            stages, steps = stages + 1, 0
        steps += 1
        if (stages, steps) == (stage, step):
            return line, f"{word} {rest}".strip()
    return None


def _filled(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        known = variables.get(match[1] or match[4], "")
        if match[2] == "-":
            return known or match[3]
        return (match[3] if known else "") if match[2] == "+" else known

    return _VARIABLE.sub(value, text)
