import asyncio
import struct

from podo.node.runtime.exits import IN_Q_OVERFLOW, names, watch_folder


def event(name: str, mask: int = 0x80) -> bytes:
    padded = name.encode() + b"\0" * (16 - len(name) % 16) if name else b""
    return struct.pack("iIII", 1, mask, 0, len(padded)) + padded


def test_every_name_of_a_read_is_told():
    assert list(names(event("a") + event("b" * 64) + event("", IN_Q_OVERFLOW))) == ["a", "b" * 64, ""]


async def test_a_file_that_appears_is_told_once_it_is_whole(tmp_path):
    seen: asyncio.Queue[str] = asyncio.Queue()
    with watch_folder(tmp_path, seen.put_nowait):
        (tmp_path / "written").write_text("1")
        (tmp_path.parent / "elsewhere").write_text("2")
        (tmp_path.parent / "elsewhere").rename(tmp_path / "moved")
        assert [await seen.get(), await seen.get()] == ["written", "moved"]
    (tmp_path / "late").write_text("3")
    assert seen.empty()
