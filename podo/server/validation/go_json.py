"""What Go's JSON parser says about a text that is no JSON object: parts of messages that clients see."""

import json

LITERALS = ("true", "false", "null")
TYPES = {str: "string", bool: "bool", list: "array", int: "number", float: "number"}


def parse_problem(raw: bytes, target: str = "map[string]interface {}") -> str:
    """Why `raw` cannot be read into a Go value of the type `target`."""
    text = raw.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _syntax(text, error)
    return f"json: cannot unmarshal {TYPES.get(type(value), 'object')} into Go value of type {target}"


def _syntax(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :]
    if not rest.strip() or _is_cut_literal(rest):
        return "unexpected end of JSON input"
    letter, context = _offending(rest, error.msg)
    shown = {"'": "'\\\\''", '"': "'\"'"}.get(letter, f"'{letter}'")
    return f"invalid character {shown} {context}"


def _is_cut_literal(rest: str) -> bool:
    return any(word.startswith(rest) for word in LITERALS)


def _offending(rest: str, message: str) -> tuple[str, str]:
    """(letter, where it stood)."""
    letter = rest[0]
    for word in LITERALS:
        if letter == word[0]:
            for index, (given, wanted) in enumerate(zip(rest, word, strict=False)):
                if given != wanted:
                    return given, f"in literal {word} (expecting '{word[index]}')"
    if message.startswith("Extra data"):
        return letter, "after top-level value"
    if "property name" in message:
        return letter, "looking for beginning of object key string"
    if "':' delimiter" in message:
        return letter, "after object key"
    if "',' delimiter" in message:
        return letter, "after object key:value pair" if "}" in rest or ":" in rest else "after array element"
    return letter, "looking for beginning of value"
