import pytest

from podo.network.config import NetworkConfig
from podo.network.conflicts import conflicts
from tests.network.build import CONFIG


@pytest.mark.parametrize(
    ("routes", "addresses", "messages"),
    [
        pytest.param(["0.0.0.0/0", "192.168.1.0/24"], ["192.168.1.7/24", "127.0.0.1/8"], [], id="nothing collides"),
        pytest.param(
            ["10.244.0.0/16"],
            [],
            ["the Pod range 10.244.0.0/16 collides with the host's route to 10.244.0.0/16"],
            id="the same range",
        ),
        pytest.param(
            ["10.0.0.0/8"],
            [],
            [
                "the Pod range 10.244.0.0/16 collides with the host's route to 10.0.0.0/8",
                "the node range 10.245.0.0/24 collides with the host's route to 10.0.0.0/8",
                "the service range 10.96.0.0/16 collides with the host's route to 10.0.0.0/8",
            ],
            id="a company's whole network",
        ),
        pytest.param(
            [],
            ["10.96.3.4/24"],
            ["the service range 10.96.0.0/16 collides with the host's address 10.96.3.4/24"],
            id="an address within",
        ),
        pytest.param(["fd00::/8", "::/0"], ["fe80::1/64"], [], id="another family"),
    ],
)
def test_ranges_that_the_host_uses_are_named(routes, addresses, messages):
    assert conflicts(CONFIG, routes=routes, addresses=addresses) == messages


def test_ranges_may_not_collide_among_themselves():
    config = NetworkConfig(cluster="test", pod_ranges=("10.96.0.0/12",))
    assert conflicts(config, routes=[], addresses=[]) == [
        "the Pod range 10.96.0.0/12 collides with the service range 10.96.0.0/16"
    ]
