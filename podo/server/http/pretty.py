"""Answers for the eye: indented JSON for browsers and command-line tools, and for who asks with `?pretty=true`."""

import asyncio
from collections.abc import Mapping

import msgspec

from podo.server.answer import JSON, Answer

READERS = ("curl", "Wget", "Mozilla/5.0")
"""How the User-Agent of a program begins that people look at."""
TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
LARGE = 64 << 10
"""Bytes from which on a body is indented beside the event loop."""
INDENT = 2


def is_pretty(query: Mapping[str, str], user_agent: str) -> bool:
    """Whether an answer is to be indented: by the parameter `pretty`, or without one by who asks."""
    if wanted := query.get("pretty"):
        return wanted in TRUE
    return user_agent.startswith(READERS)


async def indented(answer: Answer) -> Answer:
    """The answer with its JSON indented; as it is, if it is of another type."""
    if answer.media_type.partition(";")[0] != JSON:
        return answer
    if len(answer.body) < LARGE:
        return answer._replace(body=_indent(bytes(answer.body)))
    return answer._replace(body=await asyncio.to_thread(lambda: _indent(bytes(answer.body))))


def _indent(body: bytes) -> bytes:
    return msgspec.json.format(body, indent=INDENT)
