import pytest

from podo.node.runtime.capabilities import ALL, DEFAULT, granted, possible_here
from podo.node.runtime.config import SecurityContext

EVERY = frozenset(ALL)


@pytest.mark.parametrize(
    ("add", "drop", "found"),
    [
        ((), (), DEFAULT),
        (("NET_ADMIN",), (), DEFAULT | {"NET_ADMIN"}),
        (("cap_net_admin",), (), DEFAULT | {"NET_ADMIN"}),
        ((), ("KILL",), DEFAULT - {"KILL"}),
        ((), ("ALL",), set()),
        (("NET_BIND_SERVICE",), ("ALL",), {"NET_BIND_SERVICE"}),
        (("ALL",), ("MKNOD",), EVERY - {"MKNOD"}),
        (("KILL",), ("KILL",), DEFAULT - {"KILL"}),
    ],
)
def test_capabilities_are_added_and_dropped(add, drop, found):
    security = SecurityContext(add_capabilities=tuple(add), drop_capabilities=tuple(drop))
    assert set(granted(security, EVERY)) == {f"CAP_{name}" for name in found}


def test_a_privileged_container_has_what_the_machine_has():
    assert len(granted(SecurityContext(privileged=True, drop_capabilities=("ALL",)), EVERY - {"SYS_RESOURCE"})) == 40


def test_the_machines_set_is_read_from_the_kernel():
    assert possible_here("CapBnd:\t0000000000000021\n") == {"CHOWN", "KILL"}
    assert "SYS_RESOURCE" not in possible_here("CapBnd:\t000001fffeffffff\n")
    assert len(possible_here("CapBnd:\t000001ffffffffff\n")) == 41
