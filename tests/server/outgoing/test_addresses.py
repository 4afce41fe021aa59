"""Where the server is not led to."""

import pytest

from podo.api.errors import BadRequest
from podo.server.outgoing.addresses import check_address, checked_host, is_allowed


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "::1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::"),
        *("224.0.0.1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::1", "2002:a9fe:a9fe::"),
        *("fd00:ec2::254", "fd20:ce::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    ],
)
def test_loopback_link_local_metadata_and_group_addresses_are_refused(address):
    assert not is_allowed(address)
    with pytest.raises(BadRequest, match="address not allowed"):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.1.1", "8.8.8.8", "fd00::1", "2001:db8::1", "64:ff9b::8.8.8.8"]
)
def test_others_are_allowed(address):
    check_address(address)


def test_what_is_no_address_is_refused():
    with pytest.raises(BadRequest):
        check_address("localhost")


async def test_a_name_that_leads_to_loopback_is_refused():
    with pytest.raises(BadRequest, match="address not allowed"):
        await checked_host("localhost")


async def test_an_address_needs_no_lookup():
    assert await checked_host("10.1.2.3") == "10.1.2.3"


async def test_dns_rebinding_a_name_is_looked_up_once_and_each_answer_is_checked():
    answers = [["10.9.9.9", "10.9.9.8"], ["10.9.9.9", "127.0.0.1"], ["127.0.0.1"]]

    async def resolve(name):
        assert name == "rebinding.example.com"
        return answers.pop(0)

    assert await checked_host("rebinding.example.com", resolve) == "10.9.9.9"
    assert len(answers) == 2
    for _ in range(2):
        with pytest.raises(BadRequest, match="address not allowed"):
            await checked_host("rebinding.example.com", resolve)
