"""Printer columns, subresources, selectable fields and deprecation of versions."""

from typing import Any

from podo.api.field_errors import duplicate, invalid, required, too_many
from podo.server.validation.crd.field_paths import PathError, find_field
from podo.server.validation.fields import Errors, Object

TYPES = ("boolean", "date", "integer", "number", "string")
FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
WARNING_MAX, SELECTABLE_MAX = 256, 8
SCALAR = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are "
SCALAR += "allowed."


def deprecation(errs: Errors, version: Object, path: str) -> None:
    """What whoever uses the version is told."""
    text, where = version.get("deprecationWarning"), f"{path}.deprecationWarning"
    if text is None:
        return
    if not version.get("deprecated"):
        errs.append(invalid(where, text, "can only be set for deprecated versions"))
        return
    if len(text.encode()) > WARNING_MAX:
        errs.append(invalid(where, text, f"must be <= {WARNING_MAX} characters long"))
    if not text:
        errs.append(invalid(where, text, "must not be an empty string"))
    offset = 0
    for character in text:
        if not character.isprintable():
            message = "must only contain printable UTF-8 characters; non-printable character found at index "
            errs.append(invalid(where, text, f"{message}{offset}"))
            break
        offset += len(character.encode())


def columns(errs: Errors, values: list[Object], path: str) -> None:
    """What a table shows."""
    for index, column in enumerate(values):
        where = f"{path}.additionalPrinterColumns[{index}]"
        kind, form, field = column.get("type", ""), column.get("format", ""), column.get("jsonPath", "")
        if not column.get("name"):
            errs.append(required(f"{where}.name"))
        if not kind:
            errs.append(required(f"{where}.type", f"must be one of {','.join(TYPES)}"))
        elif kind not in TYPES:
            errs.append(invalid(f"{where}.type", kind, f"must be one of {','.join(TYPES)}"))
        if form and form not in FORMATS:
            errs.append(invalid(f"{where}.format", form, f"must be one of {','.join(FORMATS)}"))
        if not field:
            errs.append(required(f"{where}.JSONPath"))
        else:
            _simple_path(errs, field, f"{where}.JSONPath")


def _simple_path(errs: Errors, text: str, path: str) -> bool:
    if text.startswith("."):
        return True
    errs.append(invalid(path, text, "must be a simple json path starting with ."))
    return False


def subresources(errs: Errors, value: Object | None, path: str) -> None:
    """Where the scale of an object is found."""
    scale = (value or {}).get("scale")
    if scale is None:
        return
    for key, part in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        text, where = scale.get(key, ""), f"{path}.scale.{key}"
        if not text:
            errs.append(required(where))
        elif _simple_path(errs, text, where) and not text.startswith(part):
            errs.append(invalid(where, text, f"should be a json path under {part[:-1]}"))
    text, where = scale.get("labelSelectorPath"), f"{path}.scale.labelSelectorPath"
    if text and _simple_path(errs, text, where) and not text.startswith((".spec.", ".status.")):
        errs.append(invalid(where, text, "should be a json path under either .spec or .status"))


def selectable_fields(errs: Errors, values: list[Object], schema: Any, path: str) -> None:
    """Fields that field selectors may name."""
    if not values:
        return
    root = (schema or {}).get("openAPIV3Schema")
    if root is None:
        errs.append(invalid(path, "", "may only be set when `version.schema.openAPIV3Schema` is not included"))
        return
    seen: set[str] = set()
    for index, value in enumerate(values):
        where, text = f"{path}[{index}].jsonPath", value.get("jsonPath", "")
        if not text:
            errs.append(required(where))
            continue
        try:
            found = find_field(text, root)
        except PathError as error:
            errs.append(invalid(where, text, f"is an invalid path: {error}"))
            continue
        if text.removeprefix(".").split(".")[0] == "metadata":
            errs.append(invalid(where, text, "must not point to fields in metadata"))
        if found.get("type") not in ("string", "boolean", "integer"):
            errs.append(invalid(where, text, SCALAR))
        if text in seen:
            errs.append(duplicate(where, text))
        seen.add(text)
    if len(seen) > SELECTABLE_MAX:
        errs.append(too_many(path, len(seen), SELECTABLE_MAX))
