"""Layers for tests, entry by entry."""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path


def entry(name: str, content: bytes | None = b"", *, mode: int = 0o644, **fields) -> tuple[tarfile.TarInfo, bytes]:
    """A file; a folder if `content` is None; anything else by `type` and `linkname`."""
    info = tarfile.TarInfo(name)
    info.uid, info.gid, info.mode, info.mtime = os.getuid(), os.getgid(), mode, 1_000_000_000
    if content is None:
        info.type, info.mode = tarfile.DIRTYPE, mode | 0o111
    for key, value in fields.items():
        setattr(info, key, value)
    info.size = len(content or b"")
    return info, content or b""


def symlink(name: str, to: str):
    return entry(name, type=tarfile.SYMTYPE, linkname=to)


def hard_link(name: str, to: str):
    return entry(name, type=tarfile.LNKTYPE, linkname=to)


def layer(folder: Path, *entries, compressed: bool = False) -> tuple[Path, str]:
    """The blob's path and its diff id."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    plain = stream.getvalue()
    blob = folder / "blob"
    blob.write_bytes(gzip.compress(plain) if compressed else plain)
    return blob, "sha256:" + hashlib.sha256(plain).hexdigest()
