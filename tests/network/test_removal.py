from pathlib import Path

from podo.network.host import remember_sysctls
from podo.network.netlink import Link
from podo.network.removal import Remains
from podo.network.routes import Route, RouteKind


def test_nothing_left_is_no_line():
    assert Remains().lines() == []


def test_each_thing_left_is_a_line_that_says_where_to_look():
    remains = Remains(
        links=(Link(7, "podo0", "podo:dev"),),
        routes=(Route("10.244.0.0/16", RouteKind.UNREACHABLE, metric=1),),
        tables=(("ip", "podo-dev"),),
        namespaces=(Path("/run/podo/dev/netns/node-1"),),
    )
    assert remains.lines() == [
        "link podo0",
        "route unreachable 10.244.0.0/16",
        "nft table ip podo-dev",
        "network namespace /run/podo/dev/netns/node-1",
    ]


def test_what_was_set_before_is_noted_once_for_all_clusters(tmp_path):
    remember_sysctls(tmp_path, {"net.ipv4.ip_forward": "0"})
    remember_sysctls(tmp_path, {"net.ipv4.ip_forward": "1"})  # the second cluster finds it switched on
    assert (tmp_path / "sysctls.json").read_text() == '{"net.ipv4.ip_forward": "0"}'


def test_a_host_that_forwards_already_is_left_as_it_is(tmp_path):
    remember_sysctls(tmp_path, {"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": ""})
    assert not (tmp_path / "sysctls.json").exists()
