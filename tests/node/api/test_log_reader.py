from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.node.api.growth import watch_file
from podo.node.api.log_format import LogOptions
from podo.node.api.log_reader import read_log, tail_offset


def line(number: int, text: str, stream: str = "stdout", tag: str = "F") -> bytes:
    return f"2026-01-01T00:00:{number:02}.123456789Z {stream} {tag} {text}\n".encode()


@pytest.fixture
def log(tmp_path) -> Path:
    path = tmp_path / "0.log"
    path.write_bytes(line(1, "one") + line(2, "two ", tag="P") + line(2, "two") + line(3, "bad", "stderr"))
    return path


async def text_of(path: Path, wait=None, **options) -> str:
    return b"".join([p async for p in read_log(path, LogOptions(**options), wait)]).decode()


async def test_the_whole_log_with_parts_joined(log):
    assert await text_of(log) == "one\ntwo two\nbad\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tail_lines": 0}, ""),
        ({"tail_lines": 1}, "bad\n"),
        ({"tail_lines": 2}, "two two\nbad\n"),
        ({"tail_lines": 9}, "one\ntwo two\nbad\n"),
        ({"limit_bytes": 5}, "one\nt"),
        ({"limit_bytes": 0}, ""),
        ({"stream": "Stderr"}, "bad\n"),
        ({"since": datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)}, "bad\n"),
        ({"timestamps": True, "tail_lines": 1}, "2026-01-01T00:00:03.123456789Z bad\n"),
    ],
)
async def test_what_is_asked_for(log, options, text):
    assert await text_of(log, **options) == text


async def test_a_log_that_is_a_link_is_not_read(tmp_path, log):
    (tmp_path / "1.log").symlink_to(log)
    with pytest.raises(FileNotFoundError):
        await text_of(tmp_path / "1.log")


async def test_times_are_shown_in_utc_as_kubernetes_does(tmp_path):
    path = tmp_path / "0.log"
    path.write_bytes(line(1, "as conmon writes").replace(b"Z ", b"+00:00 "))
    assert await text_of(path, timestamps=True) == "2026-01-01T00:00:01.123456789Z as conmon writes\n"


async def test_following_shows_what_is_added_until_the_container_ends(log):
    added = [line(4, "four"), line(5, "five")]

    async def wait() -> bool:
        if added:
            with log.open("ab") as file:
                file.write(added.pop(0))
        return bool(added)

    assert await text_of(log, wait, follow=True, tail_lines=0) == "four\nfive\n"


async def test_a_line_under_way_is_shown_when_it_is_whole(log):
    steps = [b"2026-01-01T00:00:09Z stdout F ha", b"lf\n", b""]

    async def wait() -> bool:
        with log.open("ab") as file:
            file.write(steps.pop(0))
        return bool(steps)

    assert await text_of(log, wait, follow=True, tail_lines=0) == "half\n"


async def test_lines_that_are_no_log_lines_are_skipped(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"nonsense\n" + line(1, "one"))
    assert await text_of(path) == "one\n"


@given(st.lists(st.text("ab ", max_size=300), max_size=400), st.integers(0, 500))
def test_the_tail_is_the_end_of_the_whole(tmp_path_factory, texts, count):
    path = tmp_path_factory.mktemp("log") / "log"
    lines = [line(1, text) for text in texts]
    path.write_bytes(b"".join(lines))
    with path.open("rb") as file:
        assert path.read_bytes()[tail_offset(file, count) :] == b"".join(lines[-count:] if count else [])


async def test_a_follower_goes_through_rotations_and_misses_nothing(log):
    def add(text: bytes) -> None:
        with log.open("ab") as file:
            file.write(text)

    def rotate_then(text: bytes) -> None:
        log.rename(log.with_name("0.log.1"))
        add(text)

    def last_words_then_rotate() -> None:
        add(line(7, "seven"))
        log.rename(log.with_name("0.log.2"))

    steps = [
        lambda: add(line(4, "four")),
        lambda: rotate_then(line(5, "five") + b"2026-01-01T00:00:06Z std"),
        lambda: add(b"out F six\n"),
        last_words_then_rotate,
        lambda: add(line(8, "eight")),
        lambda: None,
    ]

    async def wait() -> bool:
        steps.pop(0)()
        return bool(steps)

    assert await text_of(log, wait, follow=True, tail_lines=0) == "four\nfive\nsix\nseven\neight\n"


async def test_who_does_not_follow_reads_one_file(log):
    pieces = read_log(log, LogOptions())
    first = await anext(pieces)
    log.rename(log.with_name("0.log.1"))
    log.write_bytes(line(4, "four"))
    assert first + b"".join([p async for p in pieces]) == b"one\ntwo two\nbad\n"


async def test_a_rotation_wakes_who_waits_for_growth(log):
    with watch_file(log) as growth:
        assert not growth.renew()
        log.rename(log.with_name("0.log.1"))
        await growth.changed.wait()
        assert not growth.renew()  # there is none
        growth.changed.clear()
        log.touch()
        await growth.changed.wait()
        assert growth.renew()
        growth.changed.clear()
        with log.open("ab") as file:
            file.write(b"more")
        await growth.changed.wait()
