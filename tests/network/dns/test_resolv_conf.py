import pytest

from podo.network.dns.resolv_conf import nameservers, upstreams


def test_name_servers_are_read_in_order_and_once():
    text = """
    # comment
    search example.org
    nameserver 192.0.2.1 # first
    nameserver 192.0.2.2
    nameserver fe80::1%eth0
    nameserver 192.0.2.1
    nameserver nonsense
    nameserver
    options ndots:5
    """
    assert nameservers(text) == ("192.0.2.1", "192.0.2.2", "fe80::1%eth0")


@pytest.mark.parametrize(
    ("servers", "relay", "wanted"),
    [
        pytest.param(["192.0.2.1"], ["10.245.0.1"], ("192.0.2.1",), id="an ordinary server"),
        pytest.param(["127.0.0.53"], ["10.245.0.1"], ("10.245.0.1",), id="the host's loopback is not the node's"),
        pytest.param(["127.0.0.53"], [], ("127.0.0.53",), id="on the host it is"),
        pytest.param(["10.96.0.10", "192.0.2.1"], [], ("192.0.2.1",), id="never ourselves"),
        pytest.param(["127.0.0.1", "127.0.0.2"], ["10.245.0.1"], ("10.245.0.1",), id="a relay once"),
        pytest.param([], ["10.245.0.1"], (), id="none"),
    ],
)
def test_whom_to_ask(servers, relay, wanted):
    assert upstreams(servers, own=["10.96.0.10"], relay=relay) == wanted
