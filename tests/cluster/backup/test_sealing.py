import io

import pytest

from podo.cluster.backup.sealing import FRAME, TAG, ReadSealed, WriteSealed
from podo.cluster.errors import ClusterError


def sealed(data: bytes, passphrase: bytes = b"p") -> bytes:
    out = io.BytesIO()
    writer = WriteSealed(out, passphrase)
    for start in range(0, len(data), 700_000):
        writer.write(data[start : start + 700_000])
    writer.close()
    return out.getvalue()


def read(data: bytes, passphrase: bytes = b"p") -> bytes:
    return ReadSealed(io.BytesIO(data), passphrase).read()


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME])
def test_what_was_sealed_is_read(size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert read(sealed(data)) == data


def test_it_may_be_read_in_parts():
    reader = ReadSealed(io.BytesIO(sealed(b"0123456789" * 200_000)), b"p")
    assert (reader.read(4), reader.read(6), len(reader.read(1_999_990)), reader.read(5)) == (
        b"0123",
        b"456789",
        1_999_990,
        b"",
    )


def test_nothing_of_it_is_to_be_seen():
    assert b"secret" not in sealed(b"secret" * 1000)


def test_another_passphrase_does_not_open_it():
    with pytest.raises(ClusterError, match="passphrase"):
        read(sealed(b"x"), b"q")


def damaged() -> dict[str, bytes]:
    whole = sealed(b"x" * (3 * FRAME))
    end = len(whole)
    start = end - 3 * (FRAME + TAG)
    frames = [whole[start + i * (FRAME + TAG) :][: FRAME + TAG] for i in range(3)]
    return {
        "the end is missing": whole[: -(FRAME + TAG)],
        "the last bytes are missing": whole[:-1],
        "a byte is another": whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:],
        "two frames are swapped": whole[:start] + frames[0] + frames[2] + frames[1],
        "something follows": whole + frames[2],
    }


@pytest.mark.parametrize("name", damaged())
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(ClusterError, match="not whole"):
        read(damaged()[name])


def test_another_head_is_refused():
    whole = sealed(b"x")
    with pytest.raises(ClusterError):
        read(whole.replace(b'"cost": 32768', b'"cost": 16384'))


@pytest.mark.parametrize("data", [b"", b"hello", b"podo-backup-1\n" + b'{"salt": "00", "cost": 1073741824}\n'])
def test_what_is_no_backup_is_said_to_be_none(data):
    with pytest.raises(ClusterError, match="no backup"):
        read(data)
