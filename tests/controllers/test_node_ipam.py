import msgspec
import pytest

from podo.api.types.core_v1 import Node, NodeSpec
from podo.client.base import Key
from podo.controllers.node_ipam import NodeIPAM, PodRange, free_part
from tests.build import node


def with_range(name, *cidrs):
    return msgspec.structs.replace(node(name), spec=NodeSpec(pod_cidr=cidrs[0], pod_cidrs=cidrs))


async def ranges(lab, name):
    await lab.settle()
    return (await lab.user.get(Node, Key("", name))).spec.pod_cidrs


async def test_nodes_without_ranges_get_one_of_each_of_the_clusters(lab):
    both = (PodRange("10.244.0.0/16"), PodRange("fd00::/56", 64))
    lab.start(lambda client, clock, events: NodeIPAM(client, clock, events, both))
    for name in ("n1", "n2"):
        await lab.user.create(node(name))
    assert sorted([await ranges(lab, "n1"), await ranges(lab, "n2")]) == [
        ("10.244.254.0/24", "fd00:0:0:fe::/64"),
        ("10.244.255.0/24", "fd00:0:0:ff::/64"),
    ]


async def test_a_node_that_has_a_range_keeps_it_for_itself(lab):
    lab.start(lambda client, clock, events: NodeIPAM(client, clock, events, (PodRange("10.244.0.0/22"),)))
    await lab.user.create(with_range("own", "10.244.3.0/24"))
    await lab.user.create(node("new"))
    assert await ranges(lab, "own") == ("10.244.3.0/24",)
    assert await ranges(lab, "new") == ("10.244.2.0/24",)


async def test_when_nothing_is_left_it_is_said_and_tried_again(lab):
    lab.start(lambda client, clock, events: NodeIPAM(client, clock, events, (PodRange("10.244.0.0/24"),)))
    await lab.user.create(node("first"))
    await lab.settle()
    await lab.user.create(node("second"))
    assert await ranges(lab, "second") == ()
    assert await lab.event_lines() == ["Normal CIDRNotAvailable second: Node second status is now: CIDRNotAvailable"]
    await lab.user.delete(Node, Key("", "first"))
    await lab.run_for(11)
    assert await ranges(lab, "second") == ("10.244.0.0/24",)


@pytest.mark.parametrize(
    ("taken", "part"),
    [
        ((), "10.0.3.0/24"),
        (("10.0.3.128/25",), "10.0.2.0/24"),
        (("10.0.0.0/22",), None),
        (("fd00::/64",), "10.0.3.0/24"),
    ],
)
def test_which_part_is_free(taken, part):
    found = free_part(PodRange("10.0.0.0/22"), [with_range("n", cidr) for cidr in taken])
    assert (str(found) if found else None) == part
