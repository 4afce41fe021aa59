"""Cut an expression into tokens. Source: the CEL grammar."""

import re
from typing import NamedTuple

from ..errors import Issue

TOKEN = re.compile(
    r"""
      (?P<SKIP>[\t \r\n\f]+|//[^\n]*)
    | (?P<BYTES>[bB](?:{string}))
    | (?P<STRING>{string})
    | (?P<NUM_FLOAT>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<NUM_UINT>0x[0-9a-fA-F]+[uU]|[0-9]+[uU])
    | (?P<NUM_INT>0x[0-9a-fA-F]+|[0-9]+)
    | (?P<IDENTIFIER>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<ESC_IDENTIFIER>`[A-Za-z0-9_.\-/\ ]+`)
    | (?P<OP>==|!=|<=|>=|&&|\|\||[<>\[\]{{}}().,\-!?:+*/%])
    """.format(
        string=r"""[rR]\"{3}(?:.|\n)*?\"{3}|[rR]'{3}(?:.|\n)*?'{3}|[rR]"[^"\n\r]*"|[rR]'[^'\n\r]*'
        |\"{3}(?:\\(?:.|\n)|[^\\])*?\"{3}|'{3}(?:\\(?:.|\n)|[^\\])*?'{3}
        |"(?:\\.|[^\\"\n\r])*"|'(?:\\.|[^\\'\n\r])*'""",
    ),
    re.VERBOSE,
)
KEYWORDS = {"true", "false", "null", "in"}


class Token(NamedTuple):
    """`kind` is a token class, or the text itself for operators and key words; `<EOF>` ends the list."""

    kind: str
    text: str
    at: int


def tokens(source: str) -> tuple[list[Token], list[Issue]]:
    """The tokens, and one issue for each run of characters that is none."""
    found: list[Token] = []
    issues: list[Issue] = []
    at = 0
    while at < len(source):
        match = TOKEN.match(source, at)
        if match is None:
            bad = unknown(source, at)
            issues.append(Issue(at, f"Syntax error: token recognition error at: '{shown(bad)}'"))
            at += len(bad)
            continue
        kind, text = match.lastgroup or "", match.group()
        if (kind == "IDENTIFIER" and text in KEYWORDS) or kind == "OP":
            kind = text
        if kind != "SKIP":
            found.append(Token(kind, text, at))
        at = match.end()
    found.append(Token("<EOF>", "<EOF>", len(source)))
    return found, issues


def unknown(source: str, at: int) -> str:
    """The characters that make no token: an unfinished string up to the end of its line, else one character."""
    if source[at] in "\"'":
        end = source.find("\n", at)
        return source[at : len(source) if end < 0 else end]
    if source[at] in "&|=" and at + 1 < len(source):
        return source[at : at + 2]
    return source[at]


def shown(text: str) -> str:
    return text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
