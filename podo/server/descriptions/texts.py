"""Reads the files of this folder."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
STAR = "*"
"""In a name: stands for anything. In a text `{}` is what it stands for."""


class Section(NamedTuple):
    """A name's text, and those of its parts."""

    text: str
    parts: Mapping[str, str]


NOTHING = Section("", {})
CONDITIONS, CONDITION = "conditions", "Condition"


class Texts:
    """The texts of types and fields. Holds what it has read: it lives as long as a document is in the making."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, Section]] = {}

    def of_type(self, name: str) -> str:
        """What a type (`core.v1.Pod`) is; "" if nobody says."""
        short, own = self._own(name)
        if own.text:
            return own.text
        return next((_filled(found.text, part) for found, part in self._shared(short) if found.text), "")

    def of_field(self, name: str, field: str) -> str:
        """What a field of the type of that name means; "" if nobody says."""
        short, own = self._own(name)
        if field in own.parts:
            return own.parts[field]
        shared = self._shared(short)
        return next((_filled(found.parts[field], part) for found, part in shared if field in found.parts), "")

    def knows(self, group: str) -> bool:
        """Whether there are texts for the kinds of a group that is not built in."""
        return bool(self._file(group))

    def of_path(self, group: str, kind: str, path: tuple[str, ...]) -> str:
        """What a field of such a kind means, by the names on the way to it; without any, what the kind is.

        The text of the longest end of the path is taken, of the kind before that of all kinds of the group.
        """
        if not path:
            return self.section(group, kind).text
        ends = [".".join(path[start:]) for start in range(len(path))]
        sections = (self.section(group, kind), self.section(group, STAR))
        found = next((section.parts[end] for end in ends for section in sections if end in section.parts), "")
        if found or (len(path) > 1 and path[-2] != CONDITIONS):
            return found
        return self.of_field(f".{kind}" if len(path) == 1 else f".{CONDITION}", path[-1])

    def section(self, file: str, name: str) -> Section:
        """A section of a file, stars not considered."""
        return self._file(file).get(name, NOTHING)

    def _file(self, name: str) -> dict[str, Section]:
        if name not in self._files:
            self._files[name] = read(name)
        return self._files[name]

    def _own(self, name: str) -> tuple[str, Section]:
        package, _, short = name.rpartition(".")
        return short, self.section(package, short)

    def _shared(self, short: str) -> list[tuple[Section, str]]:
        """The sections for many types that are for this one, with what the star stands for."""
        found = []
        for pattern, section in self._file("shared").items():
            before, _, after = pattern.partition(STAR)
            if short.startswith(before) and short.endswith(after):
                found.append((section, short.removeprefix(before).removesuffix(after)))
        return found


def read(file: str) -> dict[str, Section]:
    """The sections of a file, in its order. Nothing if there is no such file."""
    path = FOLDER / f"{file}.txt"
    if not path.exists():
        return {}
    found: dict[str, Section] = {}
    parts: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, _, text = line.partition(": ")
        if line.startswith(" "):
            parts[name.strip()] = text
        elif line:
            parts = {}
            found[name.rstrip(":")] = Section(text, parts)
    return found


def _filled(text: str, part: str) -> str:
    return text.replace("{}", part)


def of_columns(kind: str) -> Mapping[str, str]:
    """The texts of the columns of a kind (of one that is not built in: `Kind.group`). Kept, since Tables are many."""
    columns = _columns()
    return columns.get(kind, columns[STAR])


@cache
def _columns() -> Mapping[str, Mapping[str, str]]:
    sections = read("columns")
    for_all = sections[STAR].parts
    return {kind: {**for_all, **section.parts} for kind, section in sections.items()}
