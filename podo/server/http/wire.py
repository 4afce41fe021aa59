"""Objects, lists and watch events as protobuf. Imported when a client first asks for it."""

from collections.abc import Sequence
from typing import Any

from podo.api.errors import APIError, NotAcceptable
from podo.server.answer import Answer, Pieces
from podo.server.forms import META_GROUP, partial_metadata
from podo.server.http.encoding import Encoder
from podo.server.http.negotiation import PARTIAL, PARTIAL_LIST
from podo.server.protobuf import envelope
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry


def body_of(value: Object) -> bytes:
    """Any object as a body. Raises NotAcceptable for a kind that has no message."""
    try:
        return envelope.encode(value)
    except KeyError as error:
        raise _no_message(value["kind"]) from error


def _no_message(kind: str) -> NotAcceptable:
    lacks = "does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message"
    return NotAcceptable(f"object {kind} {lacks}")


class WireEncoder(Encoder):
    """Encodes one kind's objects as protobuf, whole or their metadata only; there are no tables."""

    def object(self, entry: Entry) -> bytes:
        if self.form.as_kind == PARTIAL_LIST:
            raise self._no_list()
        return envelope.wrapped(*self._kind(), self._message_of(entry))

    def below(self, obj: Object) -> bytes:
        return body_of(self._named({"metadata": obj.get("metadata") or {}}) if self.form.as_kind else obj)

    def list(self, entries: Sequence[Entry], metadata: Object) -> bytes:
        if self.form.as_kind == PARTIAL:
            raise self._a_list()
        api_version, kind = self._kind()
        list_kind = PARTIAL_LIST if kind == PARTIAL else f"{kind}List"
        return envelope.encode_list(api_version, list_kind, metadata, map(self._message_of, entries))

    def bookmark(self, revision: int, *, first_events_end: bool = False) -> bytes:
        metadata = self._bookmark_metadata(revision, first_events_end=first_events_end)
        return self._line("BOOKMARK", body_of(self._named({"metadata": metadata})))

    def failure(self, error: APIError) -> bytes:
        return self._line("ERROR", body_of(error.status()))

    def message(self, line: bytes) -> str | bytes:
        return line[envelope.FRAME_HEAD :]

    def answer(self, body: bytes | Pieces, status: int = 200) -> Answer:
        return Answer(status, body, self.form.media_type)

    def _kind(self) -> tuple[str, str]:
        """(apiVersion, kind) of the objects."""
        if self.form.as_kind:
            return f"{META_GROUP}/{self.form.as_version}", PARTIAL
        return self._served.resource.api_version, self._served.resource.kind

    def _named(self, obj: dict[str, Any]) -> Object:
        api_version, kind = self._kind()
        return obj | {"kind": kind, "apiVersion": api_version}

    def _message_of(self, entry: Entry) -> bytes:
        """The message, which an entry remembers if its stored version is asked for."""
        if self.form.as_kind:
            return envelope.message(self._named({"metadata": partial_metadata(self._served, entry)}))
        served = self._served
        if served.resource.api_version != served.stored_api_version:
            return self._made(entry)
        if entry.message is None:
            entry.message = self._made(entry)
        return entry.message

    def _made(self, entry: Entry) -> bytes:
        try:
            return envelope.message(self._served.client_form(entry))
        except KeyError as error:
            raise _no_message(self._served.resource.kind) from error

    def _line(self, type: str, obj: bytes) -> bytes:
        return envelope.watch_frame(type, obj)
