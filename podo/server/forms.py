"""What objects are turned into before they go out: metadata only, or tables."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry, head_of

META_GROUP = "meta.k8s.io"


class Tables(Protocol):
    """Makes Tables of objects, as `kubectl get` shows them."""

    def table(
        self, served: Served, entries: Sequence[Entry], metadata: Object, *, include: str, version: str, columns: bool
    ) -> Object:
        """The Table; `metadata` is that of the list.

        `include` is the parameter includeObject (`None`, `Metadata`, `Object`), `version` that of meta.k8s.io;
        without `columns` there are no columnDefinitions (later events of a watch).
        Raises BadRequest for another `include`.
        """
        ...

    def below(self, obj: Object, *, include: str, version: str) -> Object:
        """The Table of an object of a subresource's own kind, such as a Scale."""
        ...


def partial_head(version: str, *, of_list: bool = False) -> bytes:
    """What stands before the tail of an object that shows its metadata only."""
    kind = "PartialObjectMetadataList" if of_list else "PartialObjectMetadata"
    return head_of(kind, f"{META_GROUP}/{version}")


class _Partial(msgspec.Struct):
    metadata: msgspec.Raw


_decode_partial = msgspec.json.Decoder(_Partial).decode


def partial_tail(served: Served, entry: Entry) -> bytes:
    """The tail of an object that shows its metadata only."""
    if any(name.encode() in entry.tail for name in served.stored.strategy.traits.unshown_annotations):
        return b'"metadata":%b}' % msgspec.json.encode(partial_metadata(served, entry))
    return b'"metadata":%b}' % bytes(_decode_partial(b"{" + entry.tail).metadata)


def partial_metadata(served: Served, entry: Entry) -> Object:
    """The metadata of an object that shows nothing else."""
    metadata: Object = entry.object()["metadata"]
    unshown = served.stored.strategy.traits.unshown_annotations
    if not unshown or "annotations" not in metadata:
        return metadata
    shown = {name: value for name, value in metadata["annotations"].items() if name not in unshown}
    if shown:
        return metadata | {"annotations": shown}
    return {name: value for name, value in metadata.items() if name != "annotations"}
