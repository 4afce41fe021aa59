"""The vertical autoscaler over the true API, with made-up figures."""

import msgspec
import pytest

from podo.api.errors import ServiceUnavailable
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.api.types.core_v1 import (
    Container,
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
    Pod,
    ResourceRequirements,
)
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.controllers.replicaset import ReplicaSetController
from podo.controllers.vertical.controller import VerticalAutoscaler
from podo.controllers.vertical.definitions import AUTOSCALERS, definitions, serve_autoscalers
from podo.controllers.vertical.models import KIND, Used
from tests.build import replica_set, template
from tests.controllers.lab import NS

MIB = 2**20


class Figures:
    """Every container uses the same."""

    def __init__(self, lab):
        self.lab, self.used, self.broken, self.asked = lab, Used(0.5, 600 * MIB), False, 0

    async def __call__(self, namespace):
        self.asked += 1
        if self.broken:
            raise ServiceUnavailable("no metrics")
        return {p.metadata.name: {"c": self.used} for p in await self.lab.all(Pod)}


@pytest.fixture
async def figures(lab):
    made = Figures(lab)
    assert await serve_autoscalers(lab.user)
    await lab.run_for(2)
    lab.start(ReplicaSetController, lambda client, clock, events: VerticalAutoscaler(client, clock, events, made))
    return made


async def autoscaler(lab, mode="Off", **spec):
    body = {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"},
            "updatePolicy": {"updateMode": mode},
        }
        | spec,
    }
    patch = Patch(media_type="application/apply-patch+yaml", body=body, field_manager="me")
    await lab.user.patch(AUTOSCALERS, Key(NS, "web"), patch)


async def workload(lab, replicas=2, **resources):
    asks = ResourceRequirements(**resources) if resources else None
    spec = msgspec.structs.replace(
        template().spec, containers=(Container(name="c", image="i", resources=asks),), node_name="n1"
    )
    await lab.user.create(replica_set(replicas=replicas, template=msgspec.structs.replace(template(), spec=spec)))
    await lab.converge()


async def status(lab):
    return (await lab.user.get(AUTOSCALERS, Key(NS, "web"))).status


async def requests(lab):
    return sorted(
        dict(p.spec.containers[0].resources.requests)["cpu"]
        for p in await lab.all(Pod)
        if not p.metadata.deletion_timestamp and p.spec.containers[0].resources
    )


async def test_it_recommends_what_was_used_and_changes_nothing_in_mode_off(lab, figures):
    await workload(lab, requests={"cpu": "100m", "memory": "100Mi"})
    await autoscaler(lab)
    await lab.run_for(300)
    found = await status(lab)
    (one,) = found.recommendation.container_recommendations
    assert one.container_name == "c"
    assert int(one.target["cpu"].removesuffix("m")) == pytest.approx(575, rel=0.06)
    assert int(one.target["memory"]) == pytest.approx(690 * MIB, rel=0.06)
    assert [(c.type, c.status) for c in found.conditions] == [("RecommendationProvided", "True")]
    assert await requests(lab) == ["100m", "100m"]


async def test_samples_are_taken_once_a_minute_whatever_happens(lab, figures):
    await workload(lab)
    await autoscaler(lab)
    for _ in range(10):
        await lab.run_for(30)
        await lab.user.patch(
            AUTOSCALERS, Key(NS, "web"), Patch(media_type=MERGE_PATCH, body={"metadata": {"labels": {"a": "b"}}})
        )
    assert 5 <= figures.asked <= 6


async def test_pods_are_resized_in_place(lab, figures):
    await workload(lab, requests={"cpu": "100m", "memory": "100Mi"}, limits={"cpu": "200m"})
    before = {p.metadata.uid for p in await lab.all(Pod)}
    await autoscaler(lab, "InPlaceOrRecreate")
    for _ in range(40 * 24):
        figures.used = Used(0.5, 600 * MIB)
        await lab.clock.run_for(60)
        if (await requests(lab))[0] != "100m":
            break
    await lab.settle()
    pods = await lab.all(Pod)
    assert {p.metadata.uid for p in pods} == before
    for pod in pods:
        resources = pod.spec.containers[0].resources
        cpu = int(resources.requests["cpu"].removesuffix("m"))
        assert cpu == pytest.approx(575, rel=0.06)
        assert int(resources.limits["cpu"].removesuffix("m")) == 2 * cpu, "limits keep their proportion"
    assert "InPlaceResizedByVPA" in {e.reason for e in lab.events.recorded}


async def test_pods_that_ask_for_nothing_are_replaced_one_at_a_time(lab, figures):
    await workload(lab)
    await autoscaler(lab, "InPlaceOrRecreate")
    await lab.run_for(30)
    gone = [p for p in await lab.all(Pod) if p.metadata.deletion_timestamp]
    assert len(gone) == 1
    assert "EvictedByVPA" in {e.reason for e in lab.events.recorded}


@pytest.mark.parametrize(("replicas", "least", "evicted"), [(1, None, 0), (1, 1, 1), (2, 3, 0)])
async def test_so_many_must_run_for_one_to_be_evicted(lab, figures, replicas, least, evicted):
    await workload(lab, replicas)
    policy = {"updateMode": "Recreate"} | ({"minReplicas": least} if least else {})
    await autoscaler(lab, updatePolicy=policy)
    await lab.run_for(30)
    assert len([p for p in await lab.all(Pod) if p.metadata.deletion_timestamp]) == evicted


async def test_a_container_that_ran_out_of_memory_is_given_more(lab, figures):
    await workload(lab, 1, requests={"memory": "1000Mi"})
    await autoscaler(lab)
    await lab.run_for(61)
    (pod,) = await lab.all(Pod)
    ended = ContainerState(terminated=ContainerStateTerminated(reason="OOMKilled", exit_code=137))
    killed = ContainerStatus(name="c", image="i", image_id="i", restart_count=1, last_state=ended)
    await lab.change_status(pod, container_statuses=(killed,))
    await lab.run_for(61)
    (one,) = (await status(lab)).recommendation.container_recommendations
    assert int(one.target["memory"]) == pytest.approx(1200 * 1.15 * MIB, rel=0.06)


async def test_without_figures_nothing_is_recommended(lab, figures):
    figures.broken = True
    await workload(lab)
    await autoscaler(lab, "Recreate")
    await lab.run_for(200)
    found = await status(lab)
    assert found.recommendation is None
    assert found.conditions[0].status == "False"


async def test_without_pods_the_condition_says_so(lab, figures):
    await autoscaler(lab)
    await lab.run_for(61)
    assert (await status(lab)).conditions[0].message == "No pods match this VPA object"


async def test_what_was_seen_outlives_a_restart(lab, figures):
    await workload(lab)
    await autoscaler(lab)
    await lab.run_for(700)
    before = (await status(lab)).recommendation
    (kept,) = (await lab.user.list(KIND)).items
    assert (kept.metadata.name, kept.spec.container_name) == ("web-c", "c")
    figures.used = Used(0.0, 0.0)
    lab.start(lambda client, clock, events: VerticalAutoscaler(client, clock, events, figures))
    await lab.run_for(61)
    assert (await status(lab)).recommendation.container_recommendations[0].target["cpu"] == (
        before.container_recommendations[0].target["cpu"]
    )


async def test_the_api_of_an_add_on_is_left_to_it(lab):
    for definition in definitions():
        definition["metadata"]["annotations"].pop("podo.dev/vertical-autoscaling")
        place = Key("", definition["metadata"]["name"])
        patch = Patch(media_type="application/apply-patch+yaml", body=definition, field_manager="me")
        await lab.user.patch(CustomResourceDefinition, place, patch)
    assert not await serve_autoscalers(lab.user)
