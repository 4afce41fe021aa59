"""Which images there are and what they are called: one JSON file, changed under a lock by all processes."""

import builtins
from pathlib import Path

import msgspec

from podo.node.images.base import ImageFailure
from podo.node.images.blobs import write_atomically
from podo.node.images.locks import briefly
from podo.node.images.reference import Reference

FILE = "index.json"


class Entry(msgspec.Struct, frozen=True):
    """An image's names. `manifest` is the one in our blobs; `digests` are those of its registries."""

    id: str
    manifest: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


class Index:
    """Read without the lock (the file is replaced whole), changed under it."""

    def __init__(self, root: Path) -> None:
        self._file, self._lock = root / FILE, root / "index.lock"

    def list(self) -> list[Entry]:
        """All entries."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=builtins.list[Entry])
        except FileNotFoundError:
            return []
        except msgspec.DecodeError as error:
            raise ImageFailure(f"the image index {self._file} is damaged: {error}") from error

    def find(self, wanted: Reference | str) -> Entry | None:
        """By reference, or by id (a string)."""
        return find(self.list(), wanted)

    def add(self, new: Entry) -> None:
        """Add an image, or further names of it. A tag moves from the image that had it."""
        with briefly(self._lock):
            self._write(with_entry(self.list(), new))

    def remove(self, wanted: Reference | str) -> bool:
        """Take a name away, or by id the image with all names."""
        with briefly(self._lock):
            before = self.list()
            after = without(before, wanted)
            if changed := after != before:
                self._write(after)
            return changed

    def _write(self, entries: builtins.list[Entry]) -> None:
        write_atomically(self._file, msgspec.json.encode(entries))


def find(entries: list[Entry], wanted: Reference | str) -> Entry | None:
    """The entry of a reference or an id. A digest decides over a tag beside it."""
    if isinstance(wanted, str):
        full = wanted if wanted.startswith("sha256:") else f"sha256:{wanted}"
        return next((e for e in entries if e.id == full), None)
    if wanted.digest:
        digest = f"{wanted.name}@{wanted.digest}"
        return next((e for e in entries if digest in e.digests), None)
    return next((e for e in entries if str(wanted) in e.tags), None)


def with_entry(entries: list[Entry], new: Entry) -> list[Entry]:
    """`entries` and `new`, merged with the entry of the same id."""
    merged, kept = new, []
    for entry in entries:
        if entry.id == new.id:
            tags, digests = _joined(entry.tags, new.tags), _joined(entry.digests, new.digests)
            merged = Entry(new.id, new.manifest, tags, digests)
        else:
            kept.append(msgspec.structs.replace(entry, tags=tuple(t for t in entry.tags if t not in new.tags)))
    return [*kept, merged]


def without(entries: list[Entry], wanted: Reference | str) -> list[Entry]:
    """`entries` without the name; an image goes with its last tag (or, untagged, with its last digest)."""
    entry = find(entries, wanted)
    if entry is None:
        return entries
    kept = [e for e in entries if e.id != entry.id]
    if isinstance(wanted, str):
        return kept
    name = f"{wanted.name}@{wanted.digest}" if wanted.digest else str(wanted)
    tags = tuple(t for t in entry.tags if t != name)
    digests = tuple(d for d in entry.digests if d != name)
    if tags or (wanted.digest and digests):
        kept.append(msgspec.structs.replace(entry, tags=tags, digests=digests))
    return kept


def can_be_pulled_again(entry: Entry) -> bool:
    """Whether a registry has all that it is called: a name that was built or loaded here has no digest there."""
    repositories = {digest.partition("@")[0] for digest in entry.digests}
    return bool(repositories) and all(tag.rpartition(":")[0] in repositories for tag in entry.tags)


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
