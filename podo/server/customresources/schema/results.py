"""What validation finds, and how it becomes field errors."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from podo.api.field_errors import (
    FieldError,
    go_float,
    invalid,
    not_supported,
    required,
    shown,
    too_long,
    too_many,
    type_invalid,
)


class Code(Enum):
    """The kinds of findings that become errors of a kind of their own."""

    REQUIRED = "required"
    ENUM = "enum"
    TOO_LONG = "too long"
    TOO_MANY = "too many"
    TYPE = "type"
    OTHER = "other"
    COMPOSITE = "composite"
    """About alternatives, or about a number's range: shows neither a place nor a value."""


@dataclass(frozen=True)
class Finding:
    """One finding. `name` is the place as go-openapi spells it, `limit` what the schema allows."""

    code: Code
    message: str
    name: str = ""
    value: Any = None
    limit: Any = None


@dataclass
class Result:
    """Findings, each message once; `matches` counts the checks made, by which the likeliest alternative is told."""

    findings: list[Finding] = field(default_factory=list)
    matches: int = 0

    @property
    def good(self) -> bool:
        return not self.findings

    def add(self, *findings: Finding) -> None:
        """Note findings, unless one of the same message is there."""
        for finding in findings:
            if all(finding.message != known.message for known in self.findings):
                self.findings.append(finding)

    def merge(self, other: "Result") -> None:
        """Take over another's findings and matches."""
        if other.findings:
            self.add(*other.findings)
        self.matches += other.matches


def errors_of(findings: Iterable[Finding], path: str = "") -> list[FieldError]:
    """Findings on the value at `path` ("": the object itself) as field errors."""
    return [_error(finding, path) for finding in findings]


def _error(finding: Finding, path: str) -> FieldError:
    if finding.code is Code.COMPOSITE:
        return invalid(path or "<nil>", "", finding.message)
    name = finding.name.removeprefix(".")
    place = (f"{path}.{name}" if path and name else path or name) or "<nil>"
    if finding.code is Code.REQUIRED:
        return required(place)
    if finding.code is Code.ENUM:
        return not_supported(place, finding.value, map(_allowed, finding.limit))
    if finding.code is Code.TOO_LONG:
        return too_long(place, finding.limit)
    if finding.code is Code.TOO_MANY:
        return too_many(place, finding.value, finding.limit)
    value = "" if finding.value is None else finding.value
    if finding.code is Code.TYPE:
        return type_invalid(place, value, finding.message)
    return invalid(place, value, finding.message)


def _allowed(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def go_number(value: float) -> str:
    """A number as Go's %v prints it."""
    return str(value) if isinstance(value, int) else go_float(value)
