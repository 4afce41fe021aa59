"""What a container wrote, from its log."""

from pathlib import Path


def written(log: Path) -> str:
    """The lines of both streams, stamps taken off. A part of a line of one may stand between those of the other."""
    whole, begun = [], {"stdout": "", "stderr": ""}
    for _, stream, tag, text in (line.split(" ", 3) for line in log.read_text().splitlines()):
        begun[stream] += text
        if tag == "F":
            whole.append(begun[stream])
            begun[stream] = ""
    return "\n".join([*whole, *filter(None, begun.values())])
