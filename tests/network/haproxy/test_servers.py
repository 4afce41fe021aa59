import pytest

from podo.network.haproxy.servers import server_commands, slots_for, withdrawals
from podo.network.services.backends import Backend

A, B, C = Backend("10.0.0.1", 80), Backend("10.0.0.2", 80), Backend("fd00::3", 80)


@pytest.mark.parametrize(
    ("endpoints", "before", "slots"), [(0, 0, 8), (8, 0, 8), (9, 0, 16), (3, 16, 16), (17, 8, 32)], ids=str
)
def test_servers_grow_by_powers_of_two_and_never_shrink(endpoints, before, slots):
    assert slots_for(endpoints, before) == slots


FREE = (None,) * 6  # servers that wait for an address


def test_endpoints_that_stay_keep_their_server():
    commands, servers = server_commands("be", (A, B, *FREE), [B, C])
    assert servers == (C, B, *FREE)
    assert commands == ["set server be/s1 addr fd00::3 port 80", "set server be/s1 state ready"]


def test_an_endpoint_that_goes_gets_no_more_requests():
    commands, servers = server_commands("be", (A, B, *FREE), [B])
    assert (commands, servers) == (["set server be/s1 state maint"], (None, B, *FREE))


def test_who_is_gone_is_withdrawn_by_itself():
    assert withdrawals("be", (A, None, B), [B, C]) == ["set server be/s1 state maint"]


def test_nothing_that_changed_is_no_command():
    assert server_commands("be", (A, B, *FREE), [B, A]) == ([], (A, B, *FREE))
