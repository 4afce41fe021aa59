import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.streaming import channels


@given(st.sampled_from(channels.PROTOCOLS), st.integers(0, 4), st.binary(max_size=100))
def test_a_message_is_the_same_after_the_wire(protocol, channel, data):
    assert channels.decode(protocol, channels.encode(protocol, channel, data)) == (channel, data)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v5.channel.k8s.io"], "v5.channel.k8s.io"),
        (["x", "v4.channel.k8s.io"], "v4.channel.k8s.io"),
        ([], "channel.k8s.io"),
        (["x"], None),
    ],
)
def test_the_clients_first_known_protocol_is_chosen(offered, chosen):
    assert channels.choose(offered) == chosen


@pytest.mark.parametrize("message", [b"", "", "x", "0!!!"])
def test_a_message_without_sense_is_refused(message):
    with pytest.raises(ValueError, match=r"channel|base64|decode"):
        channels.decode("base64.channel.k8s.io", message)


@pytest.mark.parametrize(
    ("data", "size"), [(b'{"Width":80,"Height":24}', (80, 24)), (b"{}", None), (b"x", None), (b"[]", None)]
)
def test_a_size_is_read(data, size):
    assert channels.parse_size(data) == size
