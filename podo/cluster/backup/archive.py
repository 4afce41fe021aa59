"""The file of a backup: a compressed tar in sealed frames, with the objects and, for each claim, its volume's data."""

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from podo.cluster.backup.sealing import ReadSealed, WriteSealed
from podo.cluster.errors import ClusterError

CONTENT, CHUNK = "content.json", 1 << 20


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A claim's volume: how large it is, and where in it data is: (offset, length). The rest is empty."""

    namespace: str
    claim: str
    size: int
    block: bool
    fs_type: str
    formatted: int
    extents: tuple[tuple[int, int], ...]


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup has, but for the data of its volumes, which follows in their order."""

    cluster: str
    taken: str
    namespaces: tuple[str, ...]
    objects: list[Any]
    volumes: tuple[Volume, ...] = ()


def write(path: Path, passphrase: bytes, content: Content, images: list[Path]) -> None:
    """Write it, whole or not at all; `images` are the files of the volumes."""
    new = path.with_name(f".{path.name}.new")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
            sealed = WriteSealed(out, passphrase)
            with (
                gzip.GzipFile(fileobj=cast(BinaryIO, sealed), mode="wb", compresslevel=1) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                _add(tar, CONTENT, io.BytesIO(msgspec.json.encode(content)))
                for number, (volume, image) in enumerate(zip(content.volumes, images, strict=True)):
                    with open(image, "rb") as file:
                        _add(tar, f"volume-{number}", _Extents(file, volume.extents))
            sealed.close()
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, data: "io.BytesIO | _Extents") -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data.getbuffer()) if isinstance(data, io.BytesIO) else data.size
    tar.addfile(info, cast(BinaryIO, data))


class _Extents:
    """The data of a sparse file, one extent after the other, as a file to read from."""

    def __init__(self, file: BinaryIO, extents: tuple[tuple[int, int], ...]) -> None:
        self._file, self._left = file, [*extents]
        self.size = sum(length for _, length in extents)

    def read(self, size: int) -> bytes:
        parts = []
        while size and self._left:
            offset, length = self._left[0]
            self._file.seek(offset)
            part = self._file.read(min(size, length))
            parts.append(part)
            size -= len(part)
            self._left[0] = (offset + len(part), length - len(part))
            if length == len(part):
                self._left.pop(0)
        return b"".join(parts)


def extents_of(image: Path) -> tuple[tuple[int, int], ...]:
    """Where a file has data (lseek(2): SEEK_DATA, SEEK_HOLE)."""
    found, place = [], 0
    with open(image, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while place < size:
            try:
                start = os.lseek(file.fileno(), place, os.SEEK_DATA)
            except OSError:
                break  # nothing but a hole follows
            place = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            found.append((start, place - start))
    return tuple(found)


@contextmanager
def opened(path: Path, passphrase: bytes) -> Iterator[tuple[Content, tarfile.TarFile]]:
    """Its content, and the rest of it to be read on with `fill`. Raises ClusterError."""
    try:
        with open(path, "rb") as file, read(file, passphrase, str(path)) as found:
            yield found
    except OSError as error:
        raise ClusterError(f"{path} cannot be read: {error}") from error


@contextmanager
def read(file: BinaryIO, passphrase: bytes, label: str) -> Iterator[tuple[Content, tarfile.TarFile]]:
    """The same, of a backup that is read as it comes; `label` is what it is called."""
    try:
        sealed = ReadSealed(file, passphrase)
        with tarfile.open(fileobj=cast(BinaryIO, sealed), mode="r|gz") as tar:
            first = tar.next()
            data = tar.extractfile(first) if first and first.name == CONTENT else None
            if data is None:
                raise ClusterError(f"{label} has no content")
            yield msgspec.json.decode(data.read(), type=Content), tar
    except (OSError, tarfile.TarError, json.JSONDecodeError, msgspec.DecodeError) as error:
        raise ClusterError(f"{label} cannot be read: {error}") from error


def fill(tar: tarfile.TarFile, volume: Volume, image: Path) -> None:
    """Make the file of the next volume from its data."""
    member = tar.next()
    data = tar.extractfile(member) if member else None
    if data is None:
        raise ClusterError(f"the backup lacks the data of claim {volume.namespace}/{volume.claim}")
    with open(os.open(image, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
        os.truncate(out.fileno(), volume.size)
        for offset, length in volume.extents:
            out.seek(offset)
            while length and (part := data.read(min(CHUNK, length))):
                out.write(part)
                length -= len(part)
        out.flush()
        os.fsync(out.fileno())
