"""Validation of values against an OpenAPI v3 schema, with the findings of the reference implementation in its order."""

from typing import Any

from podo.api.field_errors import quoted
from podo.server.patch.values import same

from .correlation import Correlated
from .formats import FORMATS, NUMBER_FORMATS, known
from .numbers import is_whole, number_findings
from .patterns import PatternError, compiled
from .results import Code, Finding, Result
from .structural import Schema

ALTERNATIVES = ("anyOf", "oneOf", "allOf", "not")


def validate(value: Any, schema: Schema, correlated: Correlated | None = None) -> Result:
    """What is wrong with a value. With `correlated` (an update), what has not changed is not held against it."""
    return _validate(value, schema, "", correlated)


def _validate(value: Any, schema: Schema, path: str, correlated: Correlated | None) -> Result:
    result = _checked(value, schema, path, correlated)
    if result.findings and correlated is not None and correlated.unchanged:
        return Result(matches=result.matches)
    return result


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema allows."""
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _format_of(schema: Schema, types: tuple[str, ...]) -> str:
    format = schema.get("format") or ""
    return format if format and known(format, types[0] if len(types) == 1 else "") else ""


def _checked(value: Any, schema: Schema, path: str, correlated: Correlated | None) -> Result:
    result = Result()
    types = types_of(schema)
    format = _format_of(schema, types)
    if value is None:
        _check_type(value, types, format, schema, path, result)
        _check_enum(value, schema, path, result)
        return result
    if types or format:
        _check_type(value, types, format, schema, path, result)
        result.matches += 1
    if any(name in schema for name in ALTERNATIVES):
        result.merge(_alternatives(value, schema, path, correlated))
    result.matches += 2  # alternatives are checked always, and count twice
    if isinstance(value, str):
        _check_string(value, schema, path, result)
        if format.replace("-", "") in FORMATS and format:
            _check_format(value, format, path, result)
            result.matches += 1
        result.matches += 1
    elif isinstance(value, int | float) and not isinstance(value, bool):
        single = types[0] if len(types) == 1 and types[0] in NUMBER_FORMATS else ""
        result.add(*number_findings(value, schema, path, single, format if single else ""))
        result.matches += 2
    elif isinstance(value, list):
        _check_list(value, schema, path, result, correlated)
        result.matches += 2
    _check_enum(value, schema, path, result)
    result.matches += 1
    if isinstance(value, dict):
        _check_object(value, schema, path, result, correlated)
        result.matches += 1
    result.matches += 1
    return result


def json_type(value: Any) -> str:
    """What JSON schema calls the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def _mistyped(path: str, wanted: str, found: str) -> Finding:
    return Finding(Code.TYPE, f'{path} in body must be of type {wanted}: "{found}"', path, found)


def _check_type(value: Any, types: tuple[str, ...], format: str, schema: Schema, path: str, result: Result) -> None:
    if (finding := _type_finding(value, types, format, schema, path)) is not None:
        result.add(finding)
    else:
        result.matches += 1


def _type_finding(value: Any, types: tuple[str, ...], format: str, schema: Schema, path: str) -> Finding | None:
    if value is None:
        return _mistyped(path, ",".join(types), "null") if types and not schema.get("nullable") else None
    found = json_type(value)
    whole = found == "number" and "integer" in types and is_whole(value)
    fits = found in types or whole or (found == "integer" and "number" in types)
    is_text = found in ("string", "array")
    number = {"integer": "int64", "number": "float64"}.get(found, "")
    if format and not is_text and not fits and format != number:
        return _mistyped(path, format, number)
    if format and is_text and not ("number" in types or "integer" in types):
        return None
    return None if fits else _mistyped(path, ",".join(types), found)


def _check_string(value: str, schema: Schema, path: str, result: Result) -> None:
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if longest is not None and len(value) > longest:
        text = f"{path} in body should be at most {longest} chars long"
        result.add(Finding(Code.TOO_LONG, text, path, value, longest))
    elif shortest is not None and len(value) < shortest:
        result.add(Finding(Code.OTHER, f"{path} in body should be at least {shortest} chars long", path, value))
    elif pattern := schema.get("pattern"):
        try:
            matched = compiled(pattern).search(value) is not None
        except PatternError as error:
            pattern, matched = f"{pattern}, but pattern is invalid: {error}", False
        if not matched:
            result.add(Finding(Code.OTHER, f"{path} in body should match '{pattern}'", path, value))


def _check_format(value: str, format: str, path: str, result: Result) -> None:
    if not FORMATS[format.replace("-", "")](value):
        text = f"{path} in body must be of type {format}: {quoted(value)}"
        result.add(Finding(Code.TYPE, text, path, value))


def _check_enum(value: Any, schema: Schema, path: str, result: Result) -> None:
    allowed = schema.get("enum")
    if not allowed or any(equal(value, one) for one in allowed if one is not None):
        return
    shown = " ".join(str(one) for one in allowed)
    result.add(Finding(Code.ENUM, f"{path} in body should be one of [{shown}]", path, value, allowed))


def equal(value: Any, other: Any) -> bool:
    """Whether two values are the same; numbers by value."""
    numbers = (int, float)
    if isinstance(value, numbers) and isinstance(other, numbers) and bool not in (type(value), type(other)):
        return value == other
    return same(value, other)


def _check_list(value: list[Any], schema: Schema, path: str, result: Result, correlated: Correlated | None) -> None:
    items, size = schema.get("items"), len(value)
    if isinstance(items, dict):
        for index, item in enumerate(value):
            child = correlated.index(index) if correlated is not None else None
            result.merge(_validate(item, items, f"{path}[{index}]", child))
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    if fewest is not None and size < fewest:
        result.add(Finding(Code.OTHER, f"{path} in body should have at least {fewest} items", path, size))
    if most is not None and size > most:
        text = f"{path} in body should have at most {most} items"
        result.add(Finding(Code.TOO_MANY, text, path, size, most))
    if schema.get("uniqueItems") and any(same(item, other) for i, item in enumerate(value) for other in value[:i]):
        result.add(Finding(Code.OTHER, f"{path} in body shouldn't contain duplicates", path))


def _check_object(
    value: dict[str, Any], schema: Schema, path: str, result: Result, correlated: Correlated | None
) -> None:
    fields, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    fewest, most, size = schema.get("minProperties"), schema.get("maxProperties"), len(value)
    if fewest is not None and size < fewest:
        result.add(Finding(Code.OTHER, f"{path} in body should have at least {fewest} properties", path, size))
    if most is not None and size > most:
        text = f"{path} in body should have at most {most} properties"
        result.add(Finding(Code.TOO_MANY, text, path, size, most))
    if additional is False:
        for name in value:
            if name not in fields:
                result.add(Finding(Code.OTHER, f"{path}.{name} in body is a forbidden property", path, name))
    elif isinstance(additional, dict):
        for name, member in value.items():
            if name not in fields:
                result.merge(_validate(member, additional, f"{path}.{name}", _below(correlated, name, path)))
    for name, child in fields.items():
        if name in value:
            place = f"{path}.{name}" if path else name
            result.merge(_validate(value[name], child, place, _below(correlated, name, path)))
    for name in schema.get("required") or ():
        if name not in value:
            place = f"{path}.{name}"
            result.add(Finding(Code.REQUIRED, f"{place} in body is required", place))


def _below(correlated: Correlated | None, name: str, path: str) -> Correlated | None:
    if correlated is None or (not path and name in ("kind", "apiVersion")):
        return None
    return correlated.key(name)


def _alternatives(value: Any, schema: Schema, path: str, correlated: Correlated | None) -> Result:
    result = Result()
    if schemas := schema.get("anyOf"):
        _any_of([_checked(value, one, path, correlated) for one in schemas], path, result)
    if schemas := schema.get("oneOf"):
        _one_of([_checked(value, one, path, correlated) for one in schemas], path, result)
    if schemas := schema.get("allOf"):
        results = [_checked(value, one, path, correlated) for one in schemas]
        for one in results:
            result.merge(one)
        passed = sum(one.good for one in results)
        if passed != len(results):
            more = "" if passed else ". None validated"
            result.add(_composite(f"{quoted(path)} must validate all the schemas (allOf){more}"))
    if (forbidden := schema.get("not")) is not None and _checked(value, forbidden, path, correlated).good:
        result.add(_composite(f"{quoted(path)} must not validate the schema (not)"))
    return result


def _composite(text: str) -> Finding:
    return Finding(Code.COMPOSITE, text)


def _any_of(results: list[Result], path: str, result: Result) -> None:
    good = next((one for one in results if one.good), None)
    if good is not None:
        result.merge(good)
        return
    result.add(_composite(f"{quoted(path)} must validate at least one schema (anyOf)"))
    result.merge(max(results, key=lambda one: one.matches))


def _one_of(results: list[Result], path: str, result: Result) -> None:
    passed = [one for one in results if one.good]
    if len(passed) == 1:
        result.merge(passed[0])
        return
    found = f"Found {len(passed)} valid alternatives" if passed else "Found none valid"
    result.add(_composite(f"{quoted(path)} must validate one and only one schema (oneOf). {found}"))
    if not passed:
        result.merge(max(results, key=lambda one: one.matches))
