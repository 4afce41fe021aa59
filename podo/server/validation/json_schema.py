"""Whether a JSON value fits the schema of a custom resource, with the messages that Kubernetes' clients know.

Schemas are those of CustomResourceDefinitions (apiextensions/v1 JSON), which are structural: no references.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from podo.api.field_errors import FieldError, invalid, not_supported, required, shown, too_long, too_many, type_invalid
from podo.server.validation.fields import Object
from podo.server.validation.json_formats import FORMATS

INT_RANGES = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1)}
INT64 = (-(2**63), 2**63 - 1)
NUMERIC_FORMATS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def schema_errors(schema: Object, value: Any, path: str) -> list[FieldError]:
    """What in `value`, which stands at `path`, does not fit the schema."""
    return [problem(path) for problem in _check(schema, value, "")]


Problem = Callable[[str], FieldError]
Problems = list[Problem]


def _at(path: str, name: str) -> str:
    name = name.removeprefix(".")
    return f"{path}.{name}" if name else path


def _bad(name: str, value: Any, message: str) -> Problem:
    return lambda path: invalid(_at(path, name), value, message)


def _bad_type(name: str, wanted: str, value: str) -> Problem:
    message = f"{name} in body must be of type {wanted}: {shown(value)}"
    return lambda path: type_invalid(_at(path, name), value, message)


def _whole(message: str) -> Problem:
    """A problem without a place of its own."""
    return lambda path: invalid(path, "", message)


def types_of(schema: Object) -> list[str]:
    """The JSON types that a schema allows; [] for any."""
    if schema.get("x-kubernetes-int-or-string"):
        return ["integer", "string"]
    return [schema["type"]] if schema.get("type") else []


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    names = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names[type(value)]


def _check(schema: Object, value: Any, name: str) -> Problems:
    found = list(_type(schema, value, name))
    if value is None:
        return found + list(_enum(schema, value, name))
    found += _combinations(schema, value, name)
    if isinstance(value, str):
        found += _text(schema, value, name)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found += _number(schema, value, name)
    elif isinstance(value, list):
        found += _list(schema, value, name)
    found += _enum(schema, value, name)
    if isinstance(value, dict):
        found += _object(schema, value, name)
    return found


def _type(schema: Object, value: Any, name: str) -> Iterator[Problem]:
    types, kind, form = types_of(schema), json_type(value), schema.get("format", "")
    if value is None:
        if types and not schema.get("nullable"):
            yield _bad_type(name, ",".join(types), kind)
        return
    if not types:
        return
    whole = isinstance(value, float) and value.is_integer()
    fits = kind in types or (kind == "number" and whole and "integer" in types)
    fits = fits or (kind == "integer" and "number" in types)
    if form and isinstance(value, (str, list)) and not {"number", "integer"} & set(types):
        return
    if not fits:
        yield _bad_type(name, ",".join(types), kind)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _enum(schema: Object, value: Any, name: str) -> Iterator[Problem]:
    allowed = schema.get("enum") or []
    if not allowed or any(_same(value, one) for one in allowed):
        return
    texts = [one if isinstance(one, str) else shown(one) for one in allowed]
    yield lambda path: not_supported(_at(path, name), value, texts)


def _text(schema: Object, value: str, name: str) -> Iterator[Problem]:
    most, least, pattern = (schema.get(key) for key in ("maxLength", "minLength", "pattern"))
    form = schema.get("format", "").replace("-", "")
    if most is not None and len(value) > most:
        yield lambda path: too_long(_at(path, name), most)
    elif least is not None and len(value) < least:
        yield _bad(name, value, f"{name} in body should be at least {least} chars long")
    elif pattern and not _matches(pattern, value):
        yield _bad(name, value, f"{name} in body should match '{pattern}'")
    if form in FORMATS and not FORMATS[form](value):
        yield _bad_type(name, schema["format"], value)


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return False


def _in_range(number: float, kind: str, form: str) -> bool:
    if kind != "integer":
        return True
    low, high = INT_RANGES.get(form, INT64)
    return float(number).is_integer() and low <= number <= high


def _number(schema: Object, value: float, name: str) -> Iterator[Problem]:
    kind = schema.get("type", "")
    form = schema.get("format", "") if schema.get("format") in NUMERIC_FORMATS.get(kind, ()) else ""
    of_type = f"{kind} with format {form}" if form else f"{kind} (default format)"
    for key, what in (("", "Checked"), ("multipleOf", "MultipleOf"), ("maximum", "Maximum boundary")):
        if not _in_range(schema.get(key) or 0 if key else value, kind, form):
            yield _whole(f"{what} value must be of type {of_type} in {name}")
    if not _in_range(schema.get("minimum") or 0, kind, form):
        yield _whole(f"Minimum boundary value must be of type {of_type} in {name}")
    if (factor := schema.get("multipleOf")) is not None:
        if factor <= 0:
            yield _bad(name, factor, f"factor MultipleOf declared for {name} must be positive: {_plain(factor)}")
        elif value % factor:
            yield _bad(name, value, f"{name} in body should be a multiple of {_plain(factor)}")
    high, low = schema.get("maximum"), schema.get("minimum")
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        how = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield _bad(name, value, f"{name} in body should be {how} {_plain(high)}")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        how = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield _bad(name, value, f"{name} in body should be {how} {_plain(low)}")


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e21 else repr(number)


def _list(schema: Object, value: list[Any], name: str) -> Problems:
    found: Problems = []
    items, size = schema.get("items"), len(value)
    if isinstance(items, dict):
        for index, item in enumerate(value):
            found += _check(items, item, f"{name}[{index}]")
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and size < least:
        found.append(_bad(name, size, f"{name} in body should have at least {least} items"))
    if most is not None and size > most:
        found.append(lambda path: too_many(_at(path, name), size, most))
    if schema.get("uniqueItems") and any(_same(a, b) for i, a in enumerate(value) for b in value[:i]):
        found.append(_bad(name, "", f"{name} in body shouldn't contain duplicates"))
    return found


def _object(schema: Object, value: Object, name: str) -> Problems:
    found: Problems = []
    properties, extra, size = schema.get("properties", {}), schema.get("additionalProperties"), len(value)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and size < least:
        found.append(_bad(name, size, f"{name} in body should have at least {least} properties"))
    if most is not None and size > most:
        found.append(lambda path: too_many(_at(path, name), size, most))
    for key, item in value.items():
        if key in properties:
            found += _check(properties[key], item, f"{name}.{key}" if name else key)
        elif extra is False:
            found.append(_bad(name, key, f"{name}.{key} in body is a forbidden property"))
        elif isinstance(extra, dict):
            found += _check(extra, item, f"{name}.{key}")
    for key in schema.get("required") or ():
        if key not in value:
            found.append(_missing(f"{name}.{key}"))
    return found


def _missing(name: str) -> Problem:
    return lambda path: required(_at(path, name))


def _combinations(schema: Object, value: Any, name: str) -> Problems:
    found: Problems = []
    quoted_name = shown(name)
    if any_of := schema.get("anyOf"):
        results = [_check(one, value, name) for one in any_of]
        if all(results):
            found.append(_whole(f"{quoted_name} must validate at least one schema (anyOf)"))
            found += results[0]
    if one_of := schema.get("oneOf"):
        results = [_check(one, value, name) for one in one_of]
        good = sum(not result for result in results)
        if good != 1:
            how = f"Found {good} valid alternatives" if good else "Found none valid"
            found.append(_whole(f"{quoted_name} must validate one and only one schema (oneOf). {how}"))
            found += [] if good else results[0]
    if all_of := schema.get("allOf"):
        results = [_check(one, value, name) for one in all_of]
        for result in results:
            found += result
        if any(results):
            none = ". None validated" if all(results) else ""
            found.append(_whole(f"{quoted_name} must validate all the schemas (allOf){none}"))
    if (forbidden := schema.get("not")) is not None and not _check(forbidden, value, name):
        found.append(_whole(f"{quoted_name} must not validate the schema (not)"))
    return found
