"""Which nodes may go, and what keeps them."""

import msgspec
import pytest

from podo.api.types.core_v1 import EmptyDirVolumeSource, HostPathVolumeSource, Volume
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from podo.cluster.autoscaling.shrinking import KEEP, LOCAL_VOLUMES, SAFE, candidates, judge
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot
from tests.build import selector

from .build import local_node, of_daemon_set, running

SCRATCH = (Volume(name="scratch", empty_dir=EmptyDirVolumeSource()),)
IN_MEMORY = (Volume(name="scratch", empty_dir=EmptyDirVolumeSource(medium="Memory")),)
OF_HOST = (Volume(name="host", host_path=HostPathVolumeSource(path="/x")),)


@pytest.fixture
def snapshot():
    made = Snapshot()
    for name in ("node-1", "node-2"):
        made.set_node(local_node(name))
    return made


def put(snapshot, *pods):
    for pod in pods:
        snapshot.set_pod(PodInfo(pod), pod.spec.node_name)


def why(snapshot, *budgets, node="node-2"):
    return judge(node, snapshot, budgets).why


def budget(allowed, namespace="ns"):
    return PodDisruptionBudget(
        metadata=ObjectMeta(name="pdb", namespace=namespace),
        spec=PodDisruptionBudgetSpec(selector=selector()),
        status=PodDisruptionBudgetStatus(disruptions_allowed=allowed),
    )


def test_an_empty_node_may_go(snapshot):
    put(snapshot, of_daemon_set("agent", "node-2", cpu="1900m"))
    assert judge("node-2", snapshot, []).moved == ()
    assert why(snapshot) == ""


def test_a_node_whose_pods_fit_elsewhere_may_go(snapshot):
    put(snapshot, running("a", "node-2", cpu="900m"))
    assert [p.metadata.name for p in judge("node-2", snapshot, []).moved] == ["a"]


def test_a_node_whose_pods_fit_nowhere_else_stays(snapshot):
    put(snapshot, running("a", "node-2", cpu="900m"), running("b", "node-1", cpu="1500m"))
    assert why(snapshot) == "no place to move ns/a to"


def test_a_node_that_is_used_to_the_half_stays(snapshot):
    put(snapshot, running("a", "node-2", cpu="1"))
    assert why(snapshot) == "it is used to 50%"


def test_a_node_that_somebody_wants_stays(snapshot):
    kept = local_node("node-2")
    meta = msgspec.structs.replace(kept.metadata, annotations={KEEP: "true"})
    snapshot.set_node(msgspec.structs.replace(kept, metadata=meta))
    assert why(snapshot) == "scale down is disabled for it"


@pytest.mark.parametrize(
    ("pod", "said"),
    [
        (running("a", "node-2", kind=""), "is not replicated"),
        (running("a", "node-2", kind="", annotations={SAFE: "true"}), ""),
        (running("a", "node-2", annotations={SAFE: "false"}), "is not safe to evict"),
        (running("a", "node-2", volumes=SCRATCH), "has local storage"),
        (running("a", "node-2", volumes=OF_HOST), "has local storage"),
        (running("a", "node-2", volumes=IN_MEMORY), ""),
        (running("a", "node-2", volumes=SCRATCH, annotations={LOCAL_VOLUMES: "other,scratch"}), ""),
        (running("a", "node-2", volumes=SCRATCH, annotations={SAFE: "true"}), ""),
        (running("a", "node-2", kind="", annotations={"kubernetes.io/config.mirror": "x"}), ""),
    ],
)
def test_what_pods_say_is_respected(snapshot, pod, said):
    put(snapshot, pod)
    assert why(snapshot) == (f"ns/a {said}" if said else "")


def test_a_pod_of_the_system_needs_a_budget_to_be_moved(snapshot):
    pod = running("a", "node-2", namespace="kube-system", labels={"app": "web"})
    put(snapshot, pod)
    assert "is of kube-system" in why(snapshot)
    assert why(snapshot, budget(1, "kube-system")) == ""


@pytest.mark.parametrize(("allowed", "said"), [(2, ""), (1, "PodDisruptionBudget ns/pdb does not allow it")])
def test_budgets_are_respected(snapshot, allowed, said):
    put(snapshot, *(running(name, "node-2", labels={"app": "web"}) for name in ("a", "b")))
    assert why(snapshot, budget(allowed)) == said


def test_a_judgement_leaves_the_snapshot_as_it_was(snapshot):
    put(snapshot, running("a", "node-2", cpu="900m"), running("b", "node-1", cpu="900m"))
    before = snapshot.requested["cpu"].tolist()
    judge("node-2", snapshot, [])
    assert snapshot.requested["cpu"].tolist() == before
    assert [len(r.pods) for r in snapshot.nodes()] == [1, 1]


def test_the_newest_goes_first_and_nobody_elses():
    nodes = [local_node(f"node-{n}", created=f"2026-01-0{n}T00:00:00Z") for n in (1, 2, 3)]
    assert candidates(nodes, ["node-1", "node-3"], 1) == ["node-3", "node-1"]
    assert candidates(nodes, ["node-1", "node-3"], 0) == []
