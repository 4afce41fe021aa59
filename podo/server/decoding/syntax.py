"""What is wrong with a text that is not JSON, as Go's scanner says it."""

import re

_SPACE = " \t\r\n"
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_END = "unexpected end of JSON input"


class _SyntaxError(Exception):
    pass


def check_depth(text: str, limit: int) -> None:
    """Raises RecursionError if objects and arrays nest deeper than `limit`. Cheap where they cannot."""
    if text.count("{") + text.count("[") <= limit:
        return
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, re.S):
        char = match[0]
        if char in "[{":
            depth += 1
            if depth > limit:
                raise RecursionError("exceeded max depth")
        elif char in "]}":
            depth -= 1


def explain(text: str) -> str:
    """Go's message for the first error, "" if there is none."""
    scanner = _Scanner(text)
    try:
        scanner.run()
    except _SyntaxError as error:
        return str(error)
    return ""


class _Scanner:
    """Walks the text without building anything; a stack of open brackets stands for recursion."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.open: list[str] = []
        self.value_is_due = True

    def run(self) -> None:
        while self.value_is_due or self.open:
            if self.value_is_due:
                self._value()
            elif self.open[-1] == "{":
                self._after_member()
            else:
                self._after_element()
        if char := self._peek():
            raise self._bad(char, "after top-level value")

    def _peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _bad(self, char: str, context: str) -> _SyntaxError:
        return _SyntaxError(f"invalid character {_quoted(char)} {context}" if char else _END)

    def _value(self) -> None:
        """A value; of an object or array only the beginning, up to its first value."""
        self.value_is_due = False
        char = self._peek()
        if char == "{":
            self._push("{")
            if self._peek() == "}":
                self._pop()
            else:
                self._key("looking for beginning of object key string")
        elif char == "[":
            self._push("[")
            if self._peek() == "]":
                self._pop()
            else:
                self.value_is_due = True
        elif char == '"':
            self._string()
        elif char == "-" or (char.isascii() and char.isdigit()):
            self._number()
        elif char in ("t", "f", "n"):
            self._literal({"t": "true", "f": "false", "n": "null"}[char])
        else:
            raise self._bad(char, "looking for beginning of value")

    def _push(self, bracket: str) -> None:
        self.open.append(bracket)
        self.at += 1
        if len(self.open) > 10_000:
            raise _SyntaxError("exceeded max depth")

    def _pop(self) -> None:
        self.open.pop()
        self.at += 1

    def _key(self, context: str) -> None:
        char = self._peek()
        if char != '"':
            raise self._bad(char, context)
        self._string()
        char = self._peek()
        if char != ":":
            raise self._bad(char, "after object key")
        self.at += 1
        self.value_is_due = True

    def _after_member(self) -> None:
        char = self._peek()
        if char == "}":
            self._pop()
        elif char == ",":
            self.at += 1
            self._key("looking for beginning of object key string")
        else:
            raise self._bad(char, "after object key:value pair")

    def _after_element(self) -> None:
        char = self._peek()
        if char == "]":
            self._pop()
        elif char == ",":
            self.at += 1
            self.value_is_due = True
        else:
            raise self._bad(char, "after array element")

    def _string(self) -> None:
        self.at += 1
        while True:
            char = self.text[self.at : self.at + 1]
            self.at += 1
            if char == '"':
                return
            if char == "\\":
                self._escape()
            elif char < " ":
                raise self._bad(char, "in string literal")

    def _escape(self) -> None:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char == "u":
            for _ in range(4):
                digit = self.text[self.at : self.at + 1]
                if digit not in tuple("0123456789abcdefABCDEF"):
                    raise self._bad(digit, "in \\u hexadecimal character escape")
                self.at += 1
        elif char not in tuple('bfnrt\\/"'):
            raise self._bad(char, "in string escape code")

    def _number(self) -> None:
        match = _NUMBER.match(self.text, self.at)
        if match is None:  # a minus without digits
            raise self._bad(self.text[self.at + 1 : self.at + 2], "in numeric literal")
        self.at = match.end()
        char = self.text[self.at : self.at + 1]
        if char == "." and "." not in match[0] and "e" not in match[0].lower():
            raise self._bad(self.text[self.at + 1 : self.at + 2], "after decimal point in numeric literal")
        if char in ("e", "E") and "e" not in match[0].lower():
            follow = self.at + (2 if self.text[self.at + 1 : self.at + 2] in ("+", "-") else 1)
            raise self._bad(self.text[follow : follow + 1], "in exponent of numeric literal")

    def _literal(self, word: str) -> None:
        for offset, wanted in enumerate(word):
            char = self.text[self.at + offset : self.at + offset + 1]
            if char != wanted:
                raise self._bad(char, f"in literal {word} (expecting {_quoted(wanted)})")
        self.at += len(word)


def _quoted(char: str) -> str:
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    escapes = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\a": "\\a", "\v": "\\v"}
    if char in escapes:
        return f"'{escapes[char]}'"
    if not char.isascii():
        char = chr(char.encode("utf-8", "surrogatepass")[0])  # Go's scanner looks at bytes
    return (
        f"'{char}'" if char.isprintable() else f"'\\x{ord(char):02x}'" if ord(char) < 128 else f"'\\u{ord(char):04x}'"
    )
