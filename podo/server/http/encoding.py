"""Objects, lists and watch events as bytes in the form that the client asked for."""

from collections.abc import Iterator, Sequence

import msgspec

from podo.api.errors import APIError, NotAcceptable
from podo.server.answer import Answer, Pieces
from podo.server.blank import blank
from podo.server.forms import Tables, partial_head, partial_tail
from podo.server.http.negotiation import PARTIAL, PARTIAL_LIST, PROTOBUF, TABLE, YAML, Form
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.watcher import Notice, Seen

TAILS_AT_ONCE = 250
"""How many items of a list are joined at once."""
END_OF_FIRST_EVENTS = "k8s.io/initial-events-end"


class Encoder:
    """Encodes one kind's objects in one form."""

    def __init__(
        self, served: Served, form: Form, tables: Tables, *, include: str = "Metadata", scope: str = ""
    ) -> None:
        """`include` is the parameter includeObject of tables; `scope` is the namespace of the request."""
        self._scope = scope
        self._served, self.form, self._tables, self._include = served, form, tables, include
        self._key = (served.head, form, include)
        self._wants_columns = True

    def object(self, entry: Entry) -> bytes:
        """One object."""
        kind = self.form.as_kind
        if not kind:
            return self._served.head + self._tail(entry)
        if kind == PARTIAL:
            return partial_head(self.form.as_version) + partial_tail(self._served, entry)
        if kind == TABLE:
            metadata = {"resourceVersion": str(entry.revision)} if entry.revision else {}
            return msgspec.json.encode(self._table([entry], metadata))
        raise self._no_list()

    def _no_list(self) -> NotAcceptable:
        kind = self.form.as_kind
        return NotAcceptable(f"you requested {kind}, but the requested object is not a list ({self._go_type()})")

    def _a_list(self) -> NotAcceptable:
        kind = self.form.as_kind
        return NotAcceptable(f"you requested {kind}, but the requested object is a list ({self._go_type()}List)")

    def _go_type(self) -> str:
        """What the reference implementation calls the kind, in messages."""
        stored = self._served.stored
        return f"*{stored.group.partition('.')[0] or 'core'}.{stored.kind}"

    def below(self, obj: Object) -> bytes:
        """An object of a subresource's own kind."""
        kind, version = self.form.as_kind, self.form.as_version
        if kind == TABLE:
            return msgspec.json.encode(self._tables.below(obj, include=self._include, version=version))
        if kind == PARTIAL:
            return partial_head(version) + msgspec.json.encode({"metadata": obj.get("metadata") or {}})[1:]
        return msgspec.json.encode(obj)

    def _tail(self, entry: Entry) -> bytes:
        """All of the object behind its kind and apiVersion, in the version that is served."""
        return self._served.tail(entry)

    def list(self, entries: Sequence[Entry], metadata: Object) -> bytes | Pieces:
        """A list of objects, with that ListMeta; in pieces if it is long."""
        kind, meta = self.form.as_kind, msgspec.json.encode(metadata)
        if kind == TABLE:
            return msgspec.json.encode(self._table(entries, metadata))
        if kind == PARTIAL_LIST:
            head = partial_head(self.form.as_version)
            tails = [partial_tail(self._served, entry) for entry in entries]
            return _joined(partial_head(self.form.as_version, of_list=True), meta, head, tails)
        if kind:
            raise self._a_list()
        same = self._served.verbatim
        tails = [entry.tail for entry in entries] if same else [self._tail(entry) for entry in entries]
        return _joined(self._served.list_head, meta, self._served.item_head, tails)

    def _table(self, entries: Sequence[Entry], metadata: Object) -> Object:
        columns, self._wants_columns = self._wants_columns, False
        return self._tables.table(
            self._served, entries, metadata, include=self._include, version=self.form.as_version, columns=columns
        )

    def event(self, notice: Notice) -> bytes:
        """A line of a watch. All watchers that want the same form are sent the same bytes."""
        change, seen = notice.change, notice.seen
        if self.form.as_kind == TABLE and self._wants_columns:
            return self._event(notice)  # the first event of this watch, unlike others'
        key = (seen, self._key)
        line = change.sent.get(key)
        if line is None:
            line = change.sent[key] = self._event(notice)
        return line

    def chunk(self, notices: Sequence[Notice], *, shared: bool) -> bytes:
        """The lines of several events as one chunk of HTTP (RFC 9112).

        `shared`: they are all that happened meanwhile, so that other watchers are sent the very same.
        """
        if not shared or (self.form.as_kind == TABLE and self._wants_columns):
            return _chunk([self.event(notice) for notice in notices])
        key = (self._key, notices[0].change.revision, len(notices), self._scope)
        sent = notices[-1].change.sent
        found = sent.get(key)
        if found is None:
            found = sent[key] = _chunk([self.event(notice) for notice in notices])
        return found

    def _event(self, notice: Notice) -> bytes:
        seen, change = notice.seen, notice.change
        if seen is Seen.LEFT:
            return self._line("DELETED", self.object(change.left()))
        return self._line(seen.value, self.object(change.entry))

    def added(self, entry: Entry) -> bytes:
        """The event of an object that was there when the watch began."""
        return self._line("ADDED", self.object(entry))

    def bookmark(self, revision: int, *, first_events_end: bool = False) -> bytes:
        """The event that says how far the watch has come."""
        metadata = self._bookmark_metadata(revision, first_events_end=first_events_end)
        kind = self.form.as_kind
        if kind == TABLE:
            return self._line("BOOKMARK", msgspec.json.encode(self._table_bookmark(metadata)))
        head = partial_head(self.form.as_version) if kind else self._served.head
        return self._line("BOOKMARK", head + msgspec.json.encode({"metadata": metadata})[1:])

    def _table_bookmark(self, metadata: Object) -> Object:
        """A Table whose one row is of an object that holds nothing else."""
        stored = self._served.stored
        nothing = blank(self._served.stored_api_version, stored.kind)
        head = {"kind": stored.kind, "apiVersion": self._served.stored_api_version, "metadata": metadata}
        entry = Entry("", 0, msgspec.json.encode(head | {k: v for k, v in nothing.items() if k not in head}))
        return self._table([entry], {"resourceVersion": metadata["resourceVersion"]})

    def _bookmark_metadata(self, revision: int, *, first_events_end: bool) -> Object:
        metadata: Object = {"resourceVersion": str(revision)}
        if first_events_end:
            metadata["annotations"] = {END_OF_FIRST_EVENTS: "true"}
        return metadata

    def failure(self, error: APIError) -> bytes:
        """The event that ends a watch which has failed."""
        return self._line("ERROR", msgspec.json.encode(error.status()))

    def _line(self, type: str, obj: bytes) -> bytes:
        """One event of a watch, as a line."""
        return b'{"type":"%b","object":%b}\n' % (type.encode(), obj)

    def message(self, line: bytes) -> str | bytes:
        """A line as a WebSocket message."""
        return line.rstrip(b"\n").decode()

    def answer(self, body: bytes | Pieces, status: int = 200) -> Answer:
        """The answer for what `object`, `below` or `list` gave."""
        return formed(body, self.form, status)


def encoder_for(served: Served, form: Form, tables: Tables, *, include: str, scope: str) -> Encoder:
    """The encoder for the client's media type."""
    if form.media_type != PROTOBUF:
        return Encoder(served, form, tables, include=include, scope=scope)
    from podo.server.http.wire import WireEncoder

    return WireEncoder(served, form, tables, include=include, scope=scope)


def formed(body: bytes | Pieces, form: Form, status: int = 200) -> Answer:
    """The answer for an object in JSON, in the client's media type. Raises NotAcceptable."""
    if form.media_type == YAML:
        import yaml

        text = yaml.safe_dump(
            msgspec.json.decode(bytes(body)), default_flow_style=False, allow_unicode=True, sort_keys=True
        )
        body = text.encode()
    elif form.media_type == PROTOBUF:
        from podo.server.http.wire import body_of

        body = body_of(msgspec.json.decode(bytes(body)))
    return Answer(status, body, form.media_type)


def _chunk(lines: Sequence[bytes]) -> bytes:
    data = b"".join(lines) if len(lines) > 1 else lines[0]
    return b"%x\r\n%b\r\n" % (len(data), data)


def _joined(list_head: bytes, metadata: bytes, item_head: bytes, tails: Sequence[bytes]) -> bytes | Pieces:
    """`item_head` is all that stands before a tail: the brace, or kind and apiVersion too."""
    front, end, between = b'%b"metadata":%b,"items":[' % (list_head, metadata), b"]}\n", b"," + item_head
    if not tails:
        return front + end
    if len(tails) <= TAILS_AT_ONCE:
        return b"".join((front, item_head, between.join(tails), end))

    def pieces() -> Iterator[bytes]:
        lead = front + item_head
        for start in range(0, len(tails), TAILS_AT_ONCE):
            yield lead + between.join(tails[start : start + TAILS_AT_ONCE])
            lead = between
        yield end

    length = len(front) + len(item_head) + sum(map(len, tails)) + len(between) * (len(tails) - 1) + len(end)
    return Pieces(length, pieces)
