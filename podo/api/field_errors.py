"""What is wrong with a field, and how Kubernetes says so (apimachinery's field errors)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from podo.api.errors import Invalid

REQUIRED, INVALID, NOT_SUPPORTED, DUPLICATE = "Required value", "Invalid value", "Unsupported value", "Duplicate value"
FORBIDDEN, TOO_LONG, TOO_MANY, NOT_FOUND = "Forbidden", "Too long", "Too many", "Not found"
INTERNAL, TYPE_INVALID = "Internal error", "Invalid value"
CAUSES = {
    REQUIRED: "FieldValueRequired",
    INVALID: "FieldValueInvalid",
    NOT_SUPPORTED: "FieldValueNotSupported",
    DUPLICATE: "FieldValueDuplicate",
    FORBIDDEN: "FieldValueForbidden",
    TOO_LONG: "FieldValueTooLong",
    TOO_MANY: "FieldValueTooMany",
    NOT_FOUND: "FieldValueNotFound",
    INTERNAL: "InternalError",
}
NO_VALUE = object()  # an error that shows no value


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint. `kind` is one of the constants above; `cause` the reason in a StatusCause."""

    kind: str
    field: str
    value: Any = NO_VALUE
    detail: str = ""
    cause: str = ""

    def body(self) -> str:
        """The message without the field's path, as a StatusCause has it."""
        text = self.kind if self.value is NO_VALUE else f"{self.kind}: {shown(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body()}"

    def status_cause(self) -> dict[str, str]:
        """The StatusCause of this error."""
        return {"reason": self.cause or CAUSES[self.kind], "message": self.body(), "field": self.field}


_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
WHOLE_MAX = 1e21
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def quoted(text: str) -> str:
    """A text in double quotes, as Go's %q prints it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escaped(ord(c))) for c in text) + '"'


def _escaped(code: int) -> str:
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shown(value: Any) -> str:
    """A value as messages print it: texts quoted, structures as the JSON that Go writes."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return go_float(value)
    return json.dumps(_go_numbers(value), ensure_ascii=False, separators=(",", ":")).translate(_HTML)


def go_float(value: float) -> str:
    """A float as Go's %v prints it, in as few digits as tell it from others: `1.5`, `50`, `1e+06`."""
    spellings = (f"{value:.{places}e}" for places in range(18))
    shortest = next(text for text in spellings if float(text) == value)
    digits, _, exponent = shortest.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{value:.{max(len(digits.lstrip('-').replace('.', '')) - 1 - power, 0)}f}"
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _go_numbers(value: Any) -> Any:
    """Whole numbers without a fraction, as Go writes them."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < WHOLE_MAX else value
    if isinstance(value, dict):
        return {key: _go_numbers(item) for key, item in value.items()}
    return [_go_numbers(item) for item in value] if isinstance(value, (list, tuple)) else value


def required(field: str, detail: str = "") -> FieldError:
    return FieldError(REQUIRED, field, detail=detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError(INVALID, field, value, detail)


def type_invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError(TYPE_INVALID, field, value, detail, "FieldValueTypeInvalid")


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    names = ", ".join(quoted(s) for s in supported)
    return FieldError(NOT_SUPPORTED, field, value, f"supported values: {names}" if names else "")


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError(DUPLICATE, field, value)


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError(FORBIDDEN, field, detail=detail)


def too_long(field: str, limit: int) -> FieldError:
    return FieldError(TOO_LONG, field, detail=f"may not be more than {limit} byte{'' if limit == 1 else 's'}")


def too_many(field: str, count: int, limit: int) -> FieldError:
    return FieldError(TOO_MANY, field, count, f"must have at most {limit} item{'' if limit == 1 else 's'}")


def not_found(field: str, value: Any) -> FieldError:
    return FieldError(NOT_FOUND, field, value)


def internal(field: str, detail: str) -> FieldError:
    return FieldError(INTERNAL, field, detail=detail)


def aggregate(errors: Sequence[FieldError]) -> str:
    """Several errors in one line, each message once."""
    messages = list(dict.fromkeys(map(str, errors)))
    return messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"


def invalid_object(group: str, kind: str, name: str, errors: Sequence[FieldError]) -> Invalid:
    """The 422 for an object with these errors."""
    qualified = f"{kind}.{group}" if group else kind
    details: dict[str, Any] = {"name": name} if name else {}
    details |= {"group": group} if group else {}
    details |= {"kind": kind, "causes": [e.status_cause() for e in errors]}
    return Invalid(f'{qualified} "{name}" is invalid: {aggregate(errors)}', **details)
