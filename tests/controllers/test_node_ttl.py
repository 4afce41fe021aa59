import pytest

from podo.api.types.core_v1 import Node
from podo.controllers.node_ttl import ANNOTATION, STEPS, NodeTTL, step_for
from tests.build import node


async def annotations(lab):
    await lab.settle()
    return {n.metadata.annotations.get(ANNOTATION) for n in await lab.all(Node)}


async def test_nodes_say_for_how_long_things_may_be_kept(lab):
    lab.start(NodeTTL)
    await lab.user.create(node("n1"))
    assert await annotations(lab) == {"0"}
    await lab.change_meta(await lab.get(Node, "n1", ""), annotations={ANNOTATION: "7"})
    assert await annotations(lab) == {"0"}


async def test_in_a_larger_cluster_it_is_longer_for_all(lab):
    lab.start(NodeTTL)
    for number in range(101):
        await lab.user.create(node(f"n{number}"))
    assert await annotations(lab) == {"15"}


@pytest.mark.parametrize(
    ("count", "before", "seconds"),
    [(100, 0, 0), (101, 0, 15), (95, 1, 15), (89, 1, 0), (5000, 0, 300), (1, 4, 0)],
)
def test_the_time_does_not_swing_at_a_bound(count, before, seconds):
    assert step_for(count, STEPS[before]).seconds == seconds
