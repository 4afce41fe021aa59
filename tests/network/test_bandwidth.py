import pytest

from podo.network.bandwidth import EGRESS_RATE, INGRESS_RATE, UNLIMITED, Bandwidth, BandwidthError, bandwidth, burst


def test_without_annotations_there_is_no_limit():
    assert bandwidth({"other": "1M"}) == UNLIMITED == Bandwidth(0, 0)


def test_each_direction_has_its_own_rate_in_bits_a_second():
    assert bandwidth({INGRESS_RATE: "10M", EGRESS_RATE: "512k"}) == Bandwidth(10_000_000, 512_000)


@pytest.mark.parametrize("text", ["fast", "1", "2P", "-1M"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(BandwidthError, match=r"kubernetes\.io/egress-bandwidth"):
        bandwidth({EGRESS_RATE: text})


@pytest.mark.parametrize(("rate", "size"), [(1000, 65_536), (100_000_000, 1_250_000)])
def test_a_tenth_of_a_second_may_go_at_once_and_always_a_whole_packet(rate, size):
    assert burst(rate) == size
