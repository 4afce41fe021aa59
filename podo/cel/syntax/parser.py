"""Parse an expression: one method a rule, binary operators by precedence.

What an unreadable expression answers follows the words of ANTLR, which clients know from kube-apiserver; only the
first syntax error is reported.
"""

from collections.abc import Callable, Mapping

from ..errors import CompileError, Issue
from ..values import Uint
from .lexer import Token, shown, tokens
from .macros import MACROS, Macro, MacroError
from .strings import BadLiteral, unquote, unquote_bytes
from .tree import Call, Entry, Ident, ListLiteral, Literal, MapLiteral, Node, Select, StructLiteral

MAX_SIZE = 100_000
TOO_DEEP = "expression recursion limit exceeded: 250"
RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"}
    | {"package", "namespace", "null", "return", "true", "var", "void", "while"}
)
RELATIONS = frozenset({"<", "<=", ">=", ">", "==", "!=", "in"})
PRECEDENCE = {**dict.fromkeys(RELATIONS, 1), "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}
STARTERS = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)
OPERATORS = {"in": "@in", "!": "!_", "-u": "-_"}


def parse(source: str, macros: Mapping[tuple[str, int, bool], Macro] = MACROS) -> Node:
    """The tree of the expression, macros expanded. Raises CompileError."""
    if len(source) > MAX_SIZE:
        text = f"expression code point size exceeds limit: size: {len(source)}, limit {MAX_SIZE}"
        raise CompileError(source, [Issue(-1, text)])
    found, issues = tokens(source)
    parser = Parser(found, issues, macros)
    try:
        tree = parser.whole()
    except SyntaxFault as error:
        parser.issues.append(Issue(error.at, str(error)))
        raise CompileError(source, parser.issues) from None
    except RecursionError:
        raise CompileError(source, [Issue(-1, TOO_DEEP)]) from None
    if parser.issues:
        raise CompileError(source, parser.issues)
    return tree


class SyntaxFault(Exception):
    """The text stops making sense at an offset."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


class Parser:
    """A cursor over tokens. Faults that leave the rest readable are collected in `issues`."""

    def __init__(self, found: list[Token], issues: list[Issue], macros: Mapping[tuple[str, int, bool], Macro]) -> None:
        self._tokens, self._next, self.issues, self._macros = found, 0, issues, macros

    def whole(self) -> Node:
        tree = self.expression()
        if self._peek() != "<EOF>":
            token = self._tokens[self._next]
            word = "extraneous" if self._tokens[self._next + 1].kind == "<EOF>" else "mismatched"
            raise SyntaxFault(token.at, f"Syntax error: {word} input '{shown(token.text)}' expecting <EOF>")
        return tree

    def expression(self) -> Node:
        condition = self._logical("||", lambda: self._logical("&&", lambda: self._binary(1)))
        if self._peek() != "?":
            return condition
        at = self._take().at
        if_true = self._logical("||", lambda: self._logical("&&", lambda: self._binary(1)))
        self._expect(":")
        return Call(at, "_?_:_", [condition, if_true, self.expression()])

    def _logical(self, operator: str, term: Callable[[], Node]) -> Node:
        terms, ops = [term()], []
        while self._peek() == operator:
            ops.append(self._take().at)
            terms.append(term())
        return balanced(f"_{operator}_", terms, ops)

    def _binary(self, level: int) -> Node:
        left = self._unary()
        while (strength := PRECEDENCE.get(self._peek(), 0)) >= level:
            token = self._take()
            right = self._binary(strength + 1)
            left = Call(token.at, OPERATORS.get(token.kind, f"_{token.kind}_"), [left, right])
        return left

    def _unary(self) -> Node:
        operator = self._peek()
        if operator not in ("!", "-"):
            return self._member(self._primary())
        if operator == "-" and self._tokens[self._next + 1].kind in ("NUM_INT", "NUM_FLOAT"):
            return self._member(self._primary())
        first = self._take().at
        count = 1
        while self._peek() == operator:
            self._take()
            count += 1
        inner = self._member(self._primary())
        return inner if count % 2 == 0 else Call(first, "!_" if operator == "!" else "-_", [inner])

    def _member(self, operand: Node) -> Node:
        while True:
            if self._peek() == ".":
                operand = self._dotted(operand)
            elif self._peek() == "[":
                at = self._take().at
                optional = self._accept("?")
                index = self.expression()
                self._expect("]")
                operand = Call(at, "_[?_]" if optional else "_[_]", [operand, index])
            else:
                return operand

    def _dotted(self, operand: Node) -> Node:
        dot = self._take()
        if self._accept("?"):
            field = self._field_name()
            return Call(dot.at, "_?._", [operand, Literal(field.at, field.text)])
        field = self._field_name()
        if self._peek() != "(" or field.kind != "IDENTIFIER":
            return Select(dot.at, operand, field.text)
        at = self._take().at
        return self._call(at, field.text, self._arguments(), operand)

    def _field_name(self) -> Token:
        token = self._tokens[self._next]
        if token.kind == "ESC_IDENTIFIER":
            self.issues.append(Issue(token.at, "unsupported syntax: '`'"))
        elif token.kind != "IDENTIFIER":
            self._unexpected(token, "IDENTIFIER")
        return self._take()

    def _arguments(self) -> list[Node]:
        args: list[Node] = []
        if self._peek() == "<EOF>":
            self._unexpected(self._tokens[self._next], with_choices("')'"))
        if not self._accept(")"):
            args.append(self.expression())
            while self._accept(","):
                args.append(self.expression())
            self._expect(")")
        return args

    def _call(self, at: int, name: str, args: list[Node], target: Node | None) -> Node:
        macro = self._macros.get((name, len(args), target is not None))
        if macro is not None:
            try:
                return macro(at, target, args)
            except MacroError as error:
                self.issues.append(Issue(error.at, str(error)))
        return Call(at, name, args, target)

    def _primary(self) -> Node:
        token = self._tokens[self._next]
        if token.kind in (".", "IDENTIFIER"):
            return self._name()
        if token.kind == "(":
            self._take()
            inner = self.expression()
            self._expect(")")
            return inner
        if token.kind == "[":
            return self._list()
        if token.kind == "{":
            return self._map()
        return self._literal()

    def _name(self) -> Node:
        lead = "." if self._accept(".") else ""
        token = self._tokens[self._next]
        if token.kind != "IDENTIFIER":
            self._unexpected(token, "IDENTIFIER")
        if (end := self._struct_ahead()) and not self._reserved(token):
            name = lead + "".join(part.text for part in self._tokens[self._next : end])
            self._next = end
            return self._struct(name)
        self._take()
        if self._reserved(token):
            self.issues.append(Issue(token.at, f"reserved identifier: {token.text}"))
        if self._peek() == "(":
            at = self._take().at
            return self._call(at, lead + token.text, self._arguments(), None)
        return Ident(token.at, lead + token.text)

    @staticmethod
    def _reserved(token: Token) -> bool:
        return token.text in RESERVED

    def _struct_ahead(self) -> int:
        """The index of `{` when the tokens read `a.b.c {`, else 0."""
        at = self._next
        while self._tokens[at].kind == "IDENTIFIER":
            following = self._tokens[at + 1].kind
            if following == "{":
                return at + 1
            if following != ".":
                return 0
            at += 2
        return 0

    def _struct(self, name: str) -> Node:
        at = self._take().at
        fields: list[Entry] = []
        if self._peek() == "<EOF>":
            self._unexpected(self._tokens[self._next], "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}")
        while self._peek() != "}":
            optional = self._accept("?")
            field = self._field_name()
            colon = self._expect(":")
            fields.append(Entry(colon.at, field.text, self.expression(), optional=optional))
            if not self._accept(","):
                break
        self._expect("}")
        return StructLiteral(at, name, fields)

    def _list(self) -> Node:
        at = self._take().at
        elements: list[Node] = []
        optional: set[int] = set()
        if self._peek() == "<EOF>":
            self._unexpected(self._tokens[self._next], with_choices("']'", "','", "'?'"))
        while self._peek() != "]":
            if self._accept("?"):
                optional.add(len(elements))
            elements.append(self.expression())
            if not self._accept(","):
                break
        self._expect("]")
        return ListLiteral(at, elements, frozenset(optional))

    def _map(self) -> Node:
        at = self._take().at
        entries: list[Entry] = []
        if self._peek() == "<EOF>":
            self._unexpected(self._tokens[self._next], with_choices("'}'", "','", "'?'"))
        while self._peek() != "}":
            optional = self._accept("?")
            key = self.expression()
            colon = self._expect(":")
            entries.append(Entry(colon.at, key, self.expression(), optional=optional))
            if not self._accept(","):
                break
        self._expect("}")
        return MapLiteral(at, entries)

    def _literal(self) -> Node:
        start = self._tokens[self._next]
        negative = start.kind == "-" and self._tokens[self._next + 1].kind in ("NUM_INT", "NUM_FLOAT")
        if negative:
            self._take()
        token = self._tokens[self._next]
        read = LITERALS.get(token.kind)
        if read is None:
            self._unexpected(token, STARTERS)
            raise AssertionError
        self._take()
        try:
            return Literal(start.at, read(("-" if negative else "") + token.text))
        except BadLiteral as error:
            self.issues.append(Issue(start.at, str(error)))
            return Literal(start.at, None)

    def _peek(self) -> str:
        return self._tokens[self._next].kind

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _accept(self, kind: str) -> bool:
        if self._peek() == kind:
            self._next += 1
            return True
        return False

    def _expect(self, kind: str) -> Token:
        token = self._tokens[self._next]
        if token.kind == kind:
            return self._take()
        if token.kind == "<EOF>":
            raise SyntaxFault(token.at, f"Syntax error: missing '{kind}' at '<EOF>'")
        self._unexpected(token, f"'{kind}'")
        raise AssertionError

    def _unexpected(self, token: Token, wanted: str) -> None:
        """Raise; a token that stands in the way of a good one is extraneous, any other is mismatched."""
        following = self._tokens[self._next + 1].kind if token.kind != "<EOF>" else "<EOF>"
        name = following if following in NAMED else f"'{following}'"
        good = following != "<EOF>" and (name == wanted or (wanted == STARTERS and name in STARTERS))
        word = "extraneous" if good else "mismatched"
        if (
            wanted == "IDENTIFIER"
            and not good
            and token.kind != "<EOF>"
            and token.text not in ("true", "false", "null")
        ):
            raise SyntaxFault(token.at, f"Syntax error: no viable alternative at input '.{shown(token.text)}'")
        raise SyntaxFault(token.at, f"Syntax error: {word} input '{shown(token.text)}' expecting {wanted}")


PLACES = ["'['", "']'", "'{'", "'}'", "'('", "')'", "'.'", "','", "'-'", "'!'", "'?'"]


def with_choices(*more: str) -> str:
    """What may start an expression, and more, in the order of the grammar's tokens."""
    starters = STARTERS[1:-1].split(", ")
    punctuation = [place for place in PLACES if place in more or place in starters]
    return "{" + ", ".join([*punctuation, *starters[6:]]) + "}"


NAMED = frozenset({"NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES", "IDENTIFIER"})


def balanced(name: str, terms: list[Node], ops: list[int]) -> Node:
    """A tree of the terms as flat as can be, so that a chain of a thousand is ten deep."""
    if len(terms) == 1:
        return terms[0]
    middle = (len(ops) + 1) // 2
    left = balanced(name, terms[:middle], ops[: middle - 1])
    return Call(ops[middle - 1], name, [left, balanced(name, terms[middle:], ops[middle:])])


def _int(text: str) -> int:
    number = int(text, 16 if "0x" in text else 10)
    if not -(2**63) <= number < 2**63:
        raise BadLiteral("invalid int literal")
    return number


def _uint(text: str) -> Uint:
    number = int(text[:-1], 16 if "0x" in text else 10)
    if number >= 2**64:
        raise BadLiteral("invalid uint literal")
    return Uint(number)


LITERALS: dict[str, Callable[[str], object]] = {
    "NUM_INT": _int,
    "NUM_UINT": _uint,
    "NUM_FLOAT": float,
    "STRING": unquote,
    "BYTES": unquote_bytes,
    "true": lambda _: True,
    "false": lambda _: False,
    "null": lambda _: None,
}
