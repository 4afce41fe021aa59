"""Blobs under their digests, as in an OCI layout: `blobs/sha256/<hex>`. Everything read is checked."""

import hashlib
import os
import threading
from pathlib import Path
from typing import IO, Any

import msgspec

from podo.node.images.base import ImageFailure

MAX_DOCUMENT = 8 << 20  # bytes of a manifest or a configuration


class Blobs:
    """The folder of blobs. Documents are verified when read, layers when unpacked."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the blob of `digest` lies, or would lie."""
        algorithm, _, value = digest.partition(":")
        if algorithm != "sha256" or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
            raise ImageFailure(f"unsupported digest {digest!r}")
        return self.root / algorithm / value

    def document(self, digest: str) -> dict[str, Any]:
        """A JSON document. Raises ImageFailure if it is missing, altered or not an object."""
        try:
            path = self.path(digest)
            if path.stat().st_size > MAX_DOCUMENT:
                raise ImageFailure(f"blob {digest} is too large for a document")
            data = path.read_bytes()
        except FileNotFoundError:
            raise ImageFailure(f"blob {digest} is missing from the image store") from None
        if digest_of(data) != digest:
            raise ImageFailure(f"blob {digest} is damaged: its content has another digest")
        try:
            return msgspec.json.decode(data, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ImageFailure(f"blob {digest} is not a JSON object: {error}") from error

    def put(self, data: bytes) -> str:
        """Store a small blob; its digest."""
        digest = digest_of(data)
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, data)
        return digest

    def size(self, digest: str) -> int:
        """Bytes of a blob; 0 if it is missing."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return 0


class VerifyingReader:
    """A stream that knows the digest of all it has read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._hash = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def finish(self) -> str:
        """Read what is left; the digest of the whole."""
        while self.read(1 << 20):
            pass
        return "sha256:" + self._hash.hexdigest()


def digest_of(data: bytes) -> str:
    """ "sha256:…" of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write_atomically(target: Path, data: bytes, *, durable: bool = True) -> None:
    """All or nothing, and (if `durable`) on disk when it returns."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    os.replace(temporary, target)
