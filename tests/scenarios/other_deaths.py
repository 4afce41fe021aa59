"""What else must end in the wanted state though its controllers die: see `test_deaths.py`, which runs these."""

from datetime import UTC, datetime, timedelta

import msgspec

from podo.api.timestamps import format_microtime
from podo.api.types.apps_v1 import Deployment
from podo.api.types.autoscaling_v2 import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    MetricIdentifier,
    MetricSpec,
    MetricTarget,
    PodsMetricSource,
)
from podo.api.types.batch_v1 import CronJob, Job
from podo.api.types.coordination_v1 import Lease, LeaseSpec
from podo.api.types.core_v1 import (
    Binding,
    ConfigMap,
    Namespace,
    Node,
    ObjectReference,
    Pod,
    ReplicationController,
    ReplicationControllerSpec,
)
from podo.api.types.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetSpec
from podo.client.base import BACKGROUND, DeleteOptions, Key, find, kind_of
from podo.controllers.autoscaling.controller import HorizontalPodAutoscalerController
from podo.controllers.autoscaling.metrics import PodMetric
from podo.controllers.cronjob import CronJobController, job_name
from podo.controllers.deployment import DeploymentController
from podo.controllers.disruption import DisruptionController
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.job import JobController
from podo.controllers.namespace import NamespaceController
from podo.controllers.node_lifecycle import NodeLifecycle
from podo.controllers.pod_gc import PodGC
from podo.controllers.pods import is_ready
from podo.controllers.replicaset import ReplicaSetController
from podo.controllers.replication_controller import ReplicationControllerController
from podo.controllers.service_account import ServiceAccountController
from podo.controllers.taint_eviction import TaintEviction
from podo.controllers.ttl_after_finished import TTLAfterFinished
from tests.build import cron_job, deployment, job, meta, node, selector, service, template
from tests.controllers.lab import NS

from .mortal import MortalLab, live, mortal

LEASES = "kube-node-lease"


async def a_replication_controller(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(ReplicationControllerController, GarbageCollector)
        spec = ReplicationControllerSpec(replicas=3, selector={"app": "web"}, template=template("web"))
        made = await lab.user.create(ReplicationController(metadata=meta("web"), spec=spec))
        for size in (5, 1, 4):
            await lab.change(made, replicas=size)
            await live(lab, 2)
        await lab.end_faults(lab.converge)
        assert len(await lab.all(Pod)) == 4
        status = (await lab.get(ReplicationController, "web")).status
        assert (status.replicas, status.available_replicas) == (4, 4)
        await lab.user.delete(ReplicationController, Key(NS, "web"), DeleteOptions(propagation=BACKGROUND))
        await lab.end_faults(lab.converge)
        assert await lab.all(Pod) == []
        return lab.deaths


async def succeed(lab: MortalLab) -> None:
    """Have all Pods that run end well."""
    await lab.finish_deletions()
    running = [p for p in await lab.all(Pod) if p.status.phase not in ("Succeeded", "Failed")]
    await lab.become(running, ready=False, phase="Succeeded")


async def a_cron_job(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(CronJobController, JobController, GarbageCollector)
        made = await lab.user.create(cron_job(successful_jobs_history_limit=100))
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        for _ in range(30):
            await lab.run_for(60)  # the dead rise after each: never so late that a time is missed
            await succeed(lab)
        await lab.end_faults(lambda: succeed(lab))
        passed = int((lab.clock.now() - begin) / timedelta(minutes=5))
        expected = {job_name(made, begin + timedelta(minutes=5 * n)) for n in range(1, passed + 1)}
        jobs = {j.metadata.name: j.status.succeeded for j in await lab.all(Job)}
        assert jobs == dict.fromkeys(expected, 1), "each time once, none left out"
        assert (await lab.get(CronJob, "tick")).status.active == ()
        return lab.deaths


async def a_finished_job(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(JobController, TTLAfterFinished, GarbageCollector)
        await lab.user.create(job(completions=2, ttl_seconds_after_finished=20))
        for _ in range(4):
            await lab.run_for(3)
            await succeed(lab)
        await lab.end_faults(lambda: succeed(lab))
        assert await lab.all(Job) + await lab.all(Pod) == []
        return lab.deaths


async def a_budget(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(DeploymentController, ReplicaSetController, DisruptionController)
        spec = PodDisruptionBudgetSpec(min_available="50%", selector=selector("web"))
        await lab.user.create(PodDisruptionBudget(metadata=meta("web"), spec=spec))
        made = await lab.user.create(deployment(replicas=2))
        for size in (6, 3, 8):
            await lab.change(made, replicas=size)
            await live(lab, 2)
        await lab.end_faults(lab.converge)
        status = (await lab.get(PodDisruptionBudget, "web")).status
        assert (status.expected_pods, status.current_healthy, status.desired_healthy) == (8, 8, 4)
        assert status.disruptions_allowed == 4
        return lab.deaths


async def a_lost_node(seed: int) -> int:
    """Leases of n1 are no longer renewed; what ran there runs on n2 in the end."""
    async with mortal(seed) as lab:
        lab.start(DeploymentController, ReplicaSetController, NodeLifecycle, TaintEviction, PodGC)
        await lab.user.create(Namespace(metadata=meta(LEASES, "")))
        for name in ("n1", "n2"):
            made = node(name, ready="True")
            stored = await lab.user.create(made)
            await lab.user.update(msgspec.structs.replace(stored, status=made.status), subresource="status")
            spec = LeaseSpec(renew_time=format_microtime(lab.clock.now()))
            await lab.user.create(Lease(metadata=meta(name, LEASES), spec=spec))
        await lab.user.create(deployment(replicas=4))
        await at_work(lab, "n1", "n2")
        ready = node(ready="True").status.conditions

        async def pass_by():
            lease = await lab.get(Lease, "n2", LEASES)
            await lab.change(lease, renew_time=format_microtime(lab.clock.now()))
            await lab.change_status(await lab.get(Node, "n2", ""), conditions=ready)  # had it been given up in error
            for one in await lab.all(Pod):
                if one.spec.node_name == "n1" and one.metadata.deletion_timestamp:
                    await lab.finish_deletions()  # as if the node had come back to say that they have ended
                    break
            await at_work(lab, "n2")
            await lab.become(p for p in await lab.all(Pod) if p.spec.node_name == "n2" and not is_ready(p))

        for _ in range(14):
            await lab.run_for(30)
            await pass_by()
        await lab.end_faults(pass_by)
        assert [p.spec.node_name for p in await lab.all(Pod)] == ["n2"] * 4
        assert (await lab.get(Deployment, "web")).status.available_replicas == 4
        return lab.deaths


async def at_work(lab: MortalLab, *on: str) -> None:
    """Bind what is unbound to these nodes in turn, and have it run."""
    await lab.settle()
    new = [p for p in await lab.all(Pod) if not p.spec.node_name and not p.metadata.deletion_timestamp]
    for number, one in enumerate(new):
        target = ObjectReference(kind="Node", name=on[number % len(on)])
        place = Binding(metadata=meta(one.metadata.name), target=target)
        await lab.user.create(place, of=kind_of(Pod), subresource="binding")
    waiting = [p for p in await lab.all(Pod) if p.status.phase in ("", "Pending") and p.spec.node_name]
    await lab.become(waiting)
    await lab.settle()


class Shared:
    """A load that the Pods of a Deployment share, in thousandths."""

    def __init__(self, lab: MortalLab) -> None:
        self._lab, self.load = lab, 0

    async def pods(self, metric, namespace, selector, metric_selector):
        names = [p.metadata.name for p in await self._lab.all(Pod)]
        return {name: PodMetric(self.load // len(names), self._lab.clock.now()) for name in names}


async def an_autoscaler(seed: int) -> int:
    async with mortal(seed) as lab:
        shared = Shared(lab)
        lab.start(
            DeploymentController,
            ReplicaSetController,
            lambda client, clock, events: HorizontalPodAutoscalerController(client, clock, events, shared),
        )
        await lab.user.create(deployment(replicas=1))
        await live(lab, 1)
        metric, each = MetricIdentifier(name="rps"), MetricTarget(type="AverageValue", average_value="10")
        spec = HorizontalPodAutoscalerSpec(
            scale_target_ref=CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="web"),
            max_replicas=10,
            metrics=(MetricSpec(type="Pods", pods=PodsMetricSource(metric=metric, target=each)),),
        )
        await lab.user.create(HorizontalPodAutoscaler(metadata=meta("web"), spec=spec))
        for load in (70_000, 20_000, 40_000):
            shared.load = load
            await live(lab, 5)
        await lab.end_faults(lab.converge)
        assert (await lab.get(Deployment, "web")).spec.replicas == 4
        assert len(await lab.all(Pod)) == 4
        status = (await lab.get(HorizontalPodAutoscaler, "web")).status
        assert (status.current_replicas, status.desired_replicas) == (4, 4)
        return lab.deaths


async def a_namespace(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(
            NamespaceController, DeploymentController, ReplicaSetController, ServiceAccountController, GarbageCollector
        )
        await lab.user.create(deployment(replicas=3))
        await lab.user.create(service())
        await lab.user.create(ConfigMap(metadata=meta("settings"), data={"a": "b"}))
        await live(lab, 2)
        await lab.user.delete(Namespace, Key("", NS))
        await live(lab, 2)
        await lab.end_faults(lab.converge)
        assert await find(lab.user, Namespace, Key("", NS)) is None
        assert await lab.all(Pod) + await lab.all(ConfigMap) + await lab.all(Deployment) == []
        return lab.deaths


SCENARIOS = (
    a_replication_controller,
    a_cron_job,
    a_finished_job,
    a_budget,
    a_lost_node,
    an_autoscaler,
    a_namespace,
)
