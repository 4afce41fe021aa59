"""Where a Pod with claims can go, among many nodes."""

import numpy as np
from msgspec.structs import replace

from podo.api.types.core_v1 import PodResourceClaim
from podo.scheduler.devices.plan import ENOUGH, ask, plan_for
from podo.scheduler.requests import PodInfo
from tests.scheduler.build import names, node, pod, snapshot
from tests.scheduler.devices.build import claim, device, device_class, piece


def fleet(number: int, *, with_devices: int):
    found = snapshot(*(node(f"n{i}") for i in range(number)))
    found.devices.set_class(None, device_class())
    for i in range(with_devices):
        found.devices.set_slice(None, piece(f"s{i}", device("d"), nodeName=f"n{i}"))
    found.devices.set_claim(None, claim())
    return found


def user(uid: str = "u") -> PodInfo:
    made = pod("p", resource_claims=(PodResourceClaim(name="x", resource_claim_name="c"),))
    return PodInfo(replace(made, metadata=replace(made.metadata, uid=uid)))


def test_of_many_nodes_enough_are_asked_and_all_if_they_have_nothing():
    nodes, info = fleet(150, with_devices=150), user()
    assert ask(plan_for(info, nodes), info, nodes, nodes.exists).sum() == ENOUGH
    nodes = fleet(150, with_devices=3)
    assert names(nodes, ask(plan_for(info, nodes), info, nodes, nodes.exists)) == {"n0", "n1", "n2"}


def test_the_node_where_room_was_made_is_asked_in_any_case():
    nodes = fleet(150, with_devices=150)
    for name in ("n7", "n140"):
        made = user(f"uid {name}").pod
        info = PodInfo(replace(made, status=replace(made.status, nominated_node_name=name)))
        assert name in names(nodes, ask(plan_for(info, nodes), info, nodes, nodes.exists))


def test_only_nodes_that_other_filters_let_pass_are_asked():
    nodes, info = fleet(4, with_devices=4), user()
    among = np.zeros(nodes.size, bool)
    among[nodes.row_of("n2").row] = True
    plan = plan_for(info, nodes)
    assert names(nodes, ask(plan, info, nodes, among)) == {"n2"}
    assert set(plan.granted) == {nodes.row_of("n2").row}


def test_a_plan_is_kept_until_something_is_otherwise():
    nodes, info = fleet(2, with_devices=1), user()
    plan = plan_for(info, nodes)
    assert plan_for(info, nodes) is plan
    nodes.set_node(node("n0"))  # a heartbeat
    assert plan_for(info, nodes) is plan
    nodes.set_node(node("n0", labels={"a": "b"}))
    changed = plan_for(info, nodes)
    assert changed is not plan
    nodes.devices.set_slice(None, piece("s1", device("d"), nodeName="n1"))
    assert plan_for(info, nodes) is not changed


def test_a_pod_without_claims_has_no_plan():
    assert plan_for(PodInfo(pod("p")), fleet(1, with_devices=1)) is None
