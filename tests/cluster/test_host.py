from podo.cluster.host import routes_6_in, routes_in

FOUR = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
NOWHERE = "00000000000000000000000000000000 00"
SIX = f"""\
fd000010024400000000000000000000 30 {NOWHERE} {NOWHERE[:32]} 00000400 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 {NOWHERE} {NOWHERE[:32]} 00000100 00000001 00000000 00000001     eth0
ff000000000000000000000000000000 08 {NOWHERE} {NOWHERE[:32]} 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 {NOWHERE} {NOWHERE[:32]} ffffffff 00000001 00000000 00200200       lo
"""


def test_the_hosts_routes_are_read_in_its_byte_order():
    assert routes_in(FOUR) == ["0.0.0.0/0", "192.168.0.0/24"]


def test_routes_of_ipv6_are_read_without_those_that_every_link_has():
    assert routes_6_in(SIX) == ["fd00:10:244::/48", "::/0"]
