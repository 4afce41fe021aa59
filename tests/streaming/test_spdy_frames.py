import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.streaming.spdy_dictionary import DICTIONARY
from podo.streaming.spdy_frames import Data, FrameCodec, GoAway, Open, Ping, Reply, Reset, SpdyError

NAMES = st.text("abcdefghij-", min_size=1, max_size=10)
HEADERS = st.dictionaries(NAMES, st.text(max_size=30), max_size=5)
STREAMS = st.integers(1, 2**31 - 1)
FRAMES = st.one_of(
    st.builds(Data, STREAMS, st.binary(max_size=200), st.booleans()),
    st.builds(Open, STREAMS, HEADERS, st.booleans()),
    st.builds(Reply, STREAMS, HEADERS, st.booleans()),
    st.builds(Reset, STREAMS, st.integers(0, 10)),
    st.builds(Ping, st.integers(0, 2**32 - 1)),
    st.builds(GoAway, STREAMS, st.integers(0, 2)),
)


@given(st.lists(FRAMES, max_size=8), st.integers(1, 50))
def test_frames_survive_the_wire_in_pieces_of_any_size(frames, size):
    sender, receiver = FrameCodec(), FrameCodec()
    wire = b"".join(map(sender.encode, frames))
    found = [f for at in range(0, len(wire), size) for f in receiver.feed(wire[at : at + size])]
    assert found == frames


def test_the_dictionary_is_the_specifications():
    assert (len(DICTIONARY), hashlib.sha256(DICTIONARY).hexdigest()) == (
        1423,
        "51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02",
    )


def test_unknown_control_frames_are_skipped():
    codec, settings = FrameCodec(), struct.pack("!HHII", 0x8003, 4, 4, 0)
    assert list(codec.feed(settings + FrameCodec().encode(Ping(3)))) == [Ping(3)]


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(struct.pack("!HHI", 0x8002, 6, 4) + b"\0\0\0\1", id="version 2"),
        pytest.param(struct.pack("!HHI", 0x8003, 1, 2) + b"\0\0", id="too short"),
        pytest.param(struct.pack("!HHI", 0x8003, 1, 14) + b"\0" * 14, id="not compressed"),
    ],
)
def test_a_broken_frame_ends_the_connection(wire):
    with pytest.raises(SpdyError):
        list(FrameCodec().feed(wire))


def test_a_header_block_that_explodes_is_refused():
    bomb = FrameCodec().encode(Open(1, {"a": "x" * 1_000_000}))
    with pytest.raises(SpdyError, match="too large"):
        list(FrameCodec().feed(bomb))
