"""A layer's tar stream to an overlay lower directory (OCI image-spec, layer.md).

The stream is not trusted: names and links are resolved inside the target, as if it were the root. Only we write to the
target while we unpack, so what was checked stays true.
"""

import gzip
import io
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from podo.node.images.base import ImageFailure
from podo.node.images.blobs import VerifyingReader
from podo.node.rootpaths import PathEscapes, resolve

WHITEOUT, OPAQUE, AUFS = ".wh.", ".wh..wh..opq", ".wh..wh."
XATTR = "SCHILY.xattr."


def unpack(blob: Path, target: Path, diff_id: str) -> None:
    """Unpack `blob` (plain, gzip or zstd) into the empty folder `target`.

    Raises ImageFailure if the plain content is not `diff_id`, or if its entries make no sense.
    """
    try:
        with open(blob, "rb") as file, _decompressed(file) as plain:
            reader = VerifyingReader(plain)
            with tarfile.open(fileobj=cast(IO[bytes], reader), mode="r|", errorlevel=2) as archive:
                _Unpacker(target).run(archive)
            found = reader.finish()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, PathEscapes) as error:
        raise ImageFailure(f"layer {diff_id} is damaged: {error}") from error
    if found != diff_id:
        raise ImageFailure(f"layer {diff_id} is damaged: its content is {found}")


@contextmanager
def _decompressed(file: io.BufferedReader) -> Iterator[IO[bytes]]:
    magic = file.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file) as plain:
            yield plain  # type: ignore[misc]  # GzipFile is a stream of bytes in all but name
    elif magic == b"\x28\xb5\x2f\xfd":
        with _zstd(file) as plain:
            yield plain
    else:
        yield file


@contextmanager
def _zstd(file: io.BufferedReader) -> Iterator[IO[bytes]]:
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # back before what was peeked at
    try:
        process = subprocess.Popen(["zstd", "-dcq"], stdin=file, stdout=subprocess.PIPE)
    except FileNotFoundError as error:
        raise ImageFailure("the image has zstd layers: install zstd") from error
    with process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.stdout.close()
    if process.returncode > 0:
        raise ImageFailure(f"zstd cannot read the layer: exit code {process.returncode}")


class _Unpacker:
    """One run over one layer."""

    def __init__(self, target: Path) -> None:
        self._root = str(target)
        self._parents: dict[str, str] = {"": self._root}  # name of a folder in the stream → where it really is
        self._times: dict[str, tuple[int, int]] = {}

    def run(self, archive: tarfile.TarFile) -> None:
        for member in archive:
            self._take(archive, member)
        for path, times in sorted(self._times.items(), reverse=True):  # last, as each entry touches its folder
            os.utime(path, ns=times)

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = _clean(member.name)
        folder, _, base = name.rpartition("/")
        if not base:
            if member.isdir():
                self._set_attributes(self._root, member)
            return
        parent = self._parent(folder)
        path = f"{parent}/{base}"
        if base.startswith(WHITEOUT):
            _whiteout(parent, base)
            return
        self._clear(path, keep_folder=member.isdir())
        self._make(archive, member, path)
        if not member.islnk():
            self._set_attributes(path, member)

    def _make(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        if member.isdir():
            if not os.path.isdir(path):
                os.mkdir(path, 0o755)
        elif member.isreg():
            source = archive.extractfile(member)
            assert source is not None
            with open(path, "xb") as file:
                while data := source.read(1 << 20):
                    file.write(data)
        elif member.issym():
            os.symlink(member.linkname, path)
        elif member.islnk():
            self._hard_link(member, path)
        elif member.ischr() or member.isblk():
            kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            os.mknod(path, kind | 0o600, os.makedev(member.devmajor, member.devminor))
        elif member.isfifo():
            os.mkfifo(path, 0o600)
        else:
            raise ImageFailure(f"layer entry {member.name!r} has an unknown type {member.type!r}")

    def _hard_link(self, member: tarfile.TarInfo, path: str) -> None:
        folder, _, base = _clean(member.linkname).rpartition("/")
        try:
            os.link(f"{self._parent(folder)}/{base}", path, follow_symlinks=False)
        except OSError as error:
            raise ImageFailure(f"layer entry {member.name!r} links to {member.linkname!r}: {error.strerror}") from error

    def _parent(self, folder: str) -> str:
        if folder not in self._parents:
            self._parents[folder] = str(resolve(self._root, folder, make=True))
        return self._parents[folder]

    def _clear(self, path: str, *, keep_folder: bool) -> None:
        """A later entry of a name replaces an earlier one."""
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode) and keep_folder:
            return
        if stat.S_ISDIR(mode):
            shutil.rmtree(path)
        else:
            os.unlink(path)
        self._parents = {"": self._root}  # a link on the way to a folder may just have gone

    def _set_attributes(self, path: str, member: tarfile.TarInfo) -> None:
        os.chown(path, member.uid, member.gid, follow_symlinks=False)
        for key, value in member.pax_headers.items():
            if key.startswith(XATTR) and not key.startswith(XATTR + "trusted.overlay."):
                _set_xattr(path, key.removeprefix(XATTR), value)
        if not member.issym():
            os.chmod(path, stat.S_IMODE(member.mode))
        times = (int(member.mtime * 1e9),) * 2
        if member.isdir():
            self._times[path] = (times[0], times[1])
        else:
            os.utime(path, ns=(times[0], times[1]), follow_symlinks=False)


def _clean(name: str) -> str:
    """A relative name without "." and ".." ("a/../b" is "b"; nothing leads above the root)."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _whiteout(parent: str, base: str) -> None:
    """Overlay's own marks: a device 0:0 hides a name, an attribute hides a folder's lower content."""
    if base == OPAQUE:
        os.setxattr(parent, "trusted.overlay.opaque", b"y")
    elif not base.startswith(AUFS):
        path = f"{parent}/{base.removeprefix(WHITEOUT)}"
        if base == WHITEOUT or base.removeprefix(WHITEOUT) in (".", ".."):
            raise ImageFailure(f"layer entry {base!r} hides nothing")
        if not os.path.lexists(path):
            os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def _set_xattr(path: str, key: str, value: str) -> None:
    try:
        os.setxattr(path, key, value.encode("utf-8", "surrogateescape"), follow_symlinks=False)
    except OSError as error:
        if key.startswith("security.capability"):  # without it a program would silently lack its rights
            raise ImageFailure(f"cannot set {key} on {path}: {error.strerror}") from error
