"""A stream in sealed frames: AES-256-GCM with a key from a passphrase (scrypt), each frame bound to its place.

What was cut off, swapped or changed is not read: frames are numbered, and the last one says that it is (STREAM, Hoang
et al. 2015). The head, which says how the key is made, is authenticated with every frame.
"""

import json
import os
from typing import TYPE_CHECKING, BinaryIO

from podo.cluster.errors import ClusterError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"podo-backup-1\n"
FRAME, TAG = 1 << 20, 16  # bytes
COST = 1 << 15  # of scrypt: 32 MiB


class WriteSealed:
    """A file to write to; what is written reaches `out` sealed. `close` ends it, and leaves `out` open."""

    def __init__(self, out: BinaryIO, passphrase: bytes) -> None:
        salt = os.urandom(16)
        head = MAGIC + json.dumps({"salt": salt.hex(), "cost": COST}).encode() + b"\n"
        out.write(head)
        self._out, self._cipher, self._head = out, _cipher(passphrase, salt, COST), head
        self._kept, self._number = bytearray(), 0

    def write(self, data: bytes) -> int:
        self._kept += data
        while len(self._kept) > FRAME:
            self._seal(bytes(self._kept[:FRAME]), last=False)
            del self._kept[:FRAME]
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._kept), last=True)

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), data, self._head))
        self._number += 1


class ReadSealed:
    """What was sealed, as a file to read from. Raises ClusterError if it is not whole or not for this passphrase."""

    def __init__(self, source: BinaryIO, passphrase: bytes) -> None:
        head = source.read(len(MAGIC)) + source.readline(1000)
        if not head.startswith(MAGIC):
            raise ClusterError("this file is no backup of podo's")
        said = json.loads(head[len(MAGIC) :])
        if said["cost"] > 1 << 20:
            raise ClusterError("this file is no backup of podo's: its key would cost too much")
        self._cipher = _cipher(passphrase, bytes.fromhex(said["salt"]), said["cost"])
        self._source, self._head, self._number = source, head, 0
        self._frame, self._ahead, self._ended = b"", source.read(FRAME + TAG), False

    def read(self, size: int = -1) -> bytes:
        parts, left = [], size
        while left:
            if not self._frame and not self._next():
                break
            part = self._frame if left < 0 else self._frame[:left]
            self._frame = self._frame[len(part) :]
            left -= len(part) if left > 0 else 0
            parts.append(part)
        return b"".join(parts)

    def _next(self) -> bool:
        from cryptography.exceptions import InvalidTag

        if self._ended:
            return False
        sealed, self._ahead = self._ahead, self._source.read(FRAME + TAG)
        self._ended = not self._ahead
        try:
            self._frame = self._cipher.decrypt(_nonce(self._number, last=self._ended), sealed, self._head)
        except InvalidTag as error:
            why = "the passphrase is not this backup's" if self._number == 0 else "the file is not whole"
            raise ClusterError(f"the backup cannot be read: {why}") from error
        self._number += 1
        return bool(self._frame)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


def _cipher(passphrase: bytes, salt: bytes, cost: int) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return AESGCM(Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase))
