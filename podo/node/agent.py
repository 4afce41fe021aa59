"""The agent, composed: every part of a node, from one configuration. Only `main` calls it."""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from podo import __version__
from podo.api import quantity
from podo.api.types.core_v1 import Node, Service
from podo.api.types.storage_v1 import CSIDriver
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.http import HTTPClient
from podo.client.informers import Informers
from podo.clock import Clock, SystemClock
from podo.network.dataplane import NodeDataPlane, node_data_plane
from podo.network.files import write_atomically
from podo.node import memory_folder
from podo.node.backends import Backend, open_backend
from podo.node.cgroups.base import Cgroups, NodeCgroups, QOSClass
from podo.node.cgroups.machine import open_cgroups
from podo.node.claims.drivers import ClaimDrivers, ClaimFailure
from podo.node.claims.health import DeviceHealth
from podo.node.claims.prepared import NodeClaims
from podo.node.claims.records import ClaimRecords
from podo.node.config import AgentConfig
from podo.node.devices.ledger import Ledger
from podo.node.devices.plugins import DevicePlugins
from podo.node.devices.pod_resources import PodResources
from podo.node.events import PodEvents
from podo.node.housekeeping.volume_care import Repeating
from podo.node.measures import Measures
from podo.node.pod_cgroups import NodePodCgroups
from podo.node.probes.checks import NodeChecks
from podo.node.references import References
from podo.node.registration.lease import LeaseKeeper
from podo.node.registration.machine import this_machine
from podo.node.registration.node_events import NodeEvents
from podo.node.registration.node_object import NodeFigures, allocatable, capacity
from podo.node.registration.register import Registration
from podo.node.resources.limits import MIN_SHARES
from podo.node.resources.node_limits import node_limits
from podo.node.running import NodeService, RunningNode
from podo.node.runtime import apparmor
from podo.node.runtime.base import Runtime
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.measured import MeasuredRuntime
from podo.node.static.folder import ManifestFolder, StaticPods
from podo.node.static.mirrors import Mirrors
from podo.node.static.statuses import MirroredStatuses
from podo.node.stats.reader import NodeKind, NodeStats
from podo.node.status.writer import StatusWriter
from podo.node.volumes.base import Places
from podo.node.volumes.claims import ClaimVolumes, InlineVolumes
from podo.node.volumes.figures import VolumeReadings
from podo.node.volumes.image import ImageVolumes
from podo.node.volumes.local import LocalNode
from podo.node.volumes.mounted import NodeVolumes, VolumePlugin
from podo.node.volumes.objects import ObjectNode
from podo.node.volumes.plugins import KubeletFolder, Plugins
from podo.node.volumes.publishing import Publishing
from podo.node.volumes.shares import DeviceNode, NFSNode, SMBNode
from podo.node.volumes.silence import Waiting
from podo.node.volumes.sources import ContentSources
from podo.node.volumes.tokens import Tokens
from podo.node.withdrawal import Withdrawal
from podo.node.worker.dispatch import PodDispatcher
from podo.node.worker.facts import NodeFacts
from podo.node.worker.fields import FieldContext
from podo.node.worker.parts import Parts
from podo.storage.annotations import bare_drivers
from podo.storage.drivers import NodeDriver
from podo.storage.objects import DRIVERS

COMPONENT = "kubelet"  # the name under which users look for a node's events
CLAIMS_EVERY = 60.0  # seconds
log = logging.getLogger(__name__)


async def run(config: AgentConfig, services: Sequence[NodeService] = (), clock: Clock | None = None) -> None:
    """Be the node until cancelled. Containers run on afterwards, and a new agent finds them."""
    clock = clock or SystemClock()
    for folder in (config.state_dir / "pods", config.state_dir / "logs", config.manifest_dir, config.run_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    lock = _lock(config.state_dir / "agent.lock")
    for name in ("volatile", "stores"):
        await asyncio.to_thread(memory_folder.make, config.run_dir / name)
    async with HTTPClient(config.credentials, agent=f"podo-agent/{__version__}", clock=clock) as client:
        node = _Starting(config, client, clock, await open_backend(config, clock))
        await asyncio.to_thread(node.plugins.folder.make)
        with contextlib.suppress(OSError):  # a kernel without FUSE mounts no stores either
            await asyncio.to_thread(node.waiting.prepare)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(node.informers.run(), name="informers")
            tasks.create_task(node.events.run(), name="events")
            tasks.create_task(node.lease.run(), name="lease")
            registering = tasks.create_task(node.registration.register(), name="registration")
            ranges = await node.pod_ranges(registering)
            async with node.working(ranges) as (running, plane):
                tasks.create_task(plane.run(node.informers), name="data plane")
                tasks.create_task(running.dispatcher.run(), name="pods")
                for service in services:
                    tasks.create_task(service(running))
                await registering
                tasks.create_task(node.devices.run(), name="device drivers")
                tasks.create_task(node.plugins.run(), name="drivers")
                for store in node.stores:
                    tasks.create_task(store.run(config.state_dir / "staged"), name=store.name)
                tasks.create_task(node.free_claims(running.dispatcher), name="claims")
                tasks.create_task(node.plugged.run(), name="device plug-ins")
                told = PodResources(node.plugged, running.dispatcher.pods)
                tasks.create_task(told.run(node.plugins.folder.root / "pod-resources", config.run_dir / "told.sock"))
                log.info("node %s works, at %s", config.node_name, ", ".join(config.addresses))
                node.registration.set_problem("")
                running.backend.report_health(node.registration.set_problem)
                await node.registration.run()
    os.close(lock)


class AlreadyRunning(Exception):
    """Another agent works on this node's folder."""


def _lock(path: Path) -> int:
    """Hold the node's folder for as long as the process lives. Raises AlreadyRunning."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunning(f"another agent works on {path.parent}") from error
    return descriptor


class _Volumes(NamedTuple):
    all: NodeVolumes
    claims: ClaimVolumes
    readings: VolumeReadings
    publishing: Publishing


class _Starting:
    """The parts that need no Pod range yet, and how the others are made."""

    def __init__(self, config: AgentConfig, client: HTTPClient, clock: Clock, backend: Backend) -> None:
        self._config, self._client, self._clock, self._backend = config, client, clock, backend
        self._machine = this_machine(config.state_dir)
        self.informers = Informers(client, clock)
        self.events = EventWriter(client, clock)
        self.images = backend.images
        self.figures = NodeFigures(
            name=config.node_name,
            addresses=config.addresses,
            runtime_version=backend.version,
            runtime_handlers=backend.features,
            pod_cidrs=config.pod_cidrs,
            cpu=config.cpu,
            memory=config.memory,
            max_pods=config.max_pods,
            api_port=config.api_port,
            labels=config.labels,
            taints=config.taints,
        )
        folder = KubeletFolder(config.kubelet_dir)
        ledger = Ledger(config.state_dir / "devices.json")
        inside = config.run_dir / "devices.sock"
        self.plugged = DevicePlugins(folder.root / "device-plugins", inside, ledger, clock, folder.real)
        amounts = self.plugged.amounts
        told = NodeEvents(self.events.recorder(COMPONENT, config.node_name))
        self.registration = Registration(client, clock, self._machine, self.figures, self.images.list, amounts, told)
        self.plugged.changed = self.registration.touch
        self.lease = LeaseKeeper(client, clock, config.node_name, lambda: self.registration.node)
        records = ClaimRecords(config.state_dir / "claims.json")
        self.health = DeviceHealth(records, clock)
        self.devices = ClaimDrivers(client, clock, config.node_name, folder.real, self.health)
        self.claims = NodeClaims(client, self.devices, records, self.health)
        takers = {"DRAPlugin": self.devices}
        known = self.informers.of(CSIDriver)
        self.plugins = Plugins(client, clock, folder, config.node_name, takers, lambda: bare_drivers(known))
        self.plugins.add_own(LocalNode(config.volumes_dir))
        self.waiting = Waiting(config.run_dir / "fuse")
        places = config.run_dir / "stores", clock, config.host_netns, self.waiting
        self.stores = [ObjectNode(name, *places) for name in DRIVERS]
        own: list[NodeDriver] = [*self.stores, SMBNode(config.run_dir / "stores")]
        for store in own:
            self.plugins.add_own(store)
        for built_in in (DeviceNode(), NFSNode()):
            self.plugins.add_built_in(built_in)
        self.informers.of(Node).handle(self._node_changed)

    def node(self) -> Node | None:
        """The Node as it is now."""
        return self.informers.of(Node).get(Key("", self._config.node_name)) or self.registration.node

    async def pod_ranges(self, registering: "asyncio.Task[Node]") -> tuple[str, ...]:
        """The node's Pod ranges: as configured, as known from the last time, or as the cluster gives them."""
        known = self._config.state_dir / "pod-ranges.json"
        if self._config.pod_cidrs:
            return self._config.pod_cidrs
        if known.exists():
            return tuple(json.loads(known.read_text()))
        await registering
        given = asyncio.Event()
        nodes = self.informers.of(Node)
        nodes.handle(lambda old, new: given.set())
        while not (ranges := _ranges(nodes.get(Key("", self._config.node_name)))):
            given.clear()
            await given.wait()
        write_atomically(known, json.dumps(ranges).encode())
        return ranges

    @contextlib.asynccontextmanager
    async def working(self, ranges: tuple[str, ...]) -> AsyncIterator[tuple[RunningNode, NodeDataPlane]]:
        """Everything that runs Pods."""
        config, clock = self._config, self._clock
        cgroups = open_cgroups()
        names = NodeCgroups(config.cluster, config.node_name)
        plane = node_data_plane(
            config.network,
            node=config.node_name,
            addresses=config.addresses,
            pod_ranges=ranges,
            state=config.state_dir,
            plugins=config.cni_dir,
            client=self._client,
            clock=clock,
        )
        self._prepare_cgroups(cgroups, names)
        async with self._backend.run(plane.pods, cgroups, self.plugins.folder.cdi) as runtime:
            sandboxes = (await runtime.observe()).sandboxes
            await plane.recover({each.id: Key(each.namespace, each.name) for each in sandboxes})
            writer = StatusWriter(self._client, clock)
            statuses = MirroredStatuses(writer)
            withdrawal = Withdrawal(plane.proxy, self._client.fetch, clock)
            references = References(self._client, self.informers, clock)
            volumes = self._volumes(self._facts(names), references)
            parts = self._parts(runtime, cgroups, names, withdrawal, statuses, references, volumes.all)
            mirrors = Mirrors(self._client, clock, self.node, statuses.mirrored)
            dispatcher = PodDispatcher(parts, self.informers, self.node, mirrors)
            static = StaticPods(ManifestFolder(config.manifest_dir, config.node_name, clock), mirrors, dispatcher)
            async with asyncio.TaskGroup() as tasks:
                working = [
                    tasks.create_task(writer.run(), name="statuses"),
                    tasks.create_task(static.run(), name="static pods"),
                    tasks.create_task(withdrawal.report(), name="what is in force"),
                ]
                try:
                    yield (
                        RunningNode(
                            config,
                            parts,
                            runtime,
                            self._backend,
                            cgroups,
                            dispatcher,
                            self.registration,
                            self._client,
                            self.informers,
                            self.events.recorder(COMPONENT, config.node_name),
                            self._stats(runtime, cgroups, names, parts, dispatcher),
                            volumes.claims,
                            volumes.readings,
                            self.plugins,
                            Repeating(volumes.publishing.is_to_repeat, volumes.all.repeat),
                        ),
                        plane,
                    )
                finally:
                    for task in working:
                        task.cancel()

    async def free_claims(self, dispatcher: PodDispatcher) -> None:
        """Give back what was prepared for Pods that are no more, and let those look whose devices change."""
        self.health.changed = dispatcher.poke
        self.plugged.changed = partial(self._devices_changed, dispatcher)
        await dispatcher.synced.wait()
        while True:
            for uid in {uid for record in self.claims.records for uid in record.pods}:
                if uid not in dispatcher.workers:
                    try:
                        await self.claims.unprepare(uid)
                    except ClaimFailure as error:
                        log.info("claims of a Pod that is gone: %s", error)
            await self._clock.sleep(CLAIMS_EVERY)

    def _parts(
        self,
        runtime: Runtime,
        cgroups: Cgroups,
        names: NodeCgroups,
        withdrawal: Withdrawal,
        statuses: MirroredStatuses,
        references: References,
        volumes: NodeVolumes,
    ) -> Parts:
        clock = self._clock
        services = self.informers.of(Service)
        measures = Measures()
        return Parts(
            runtime=MeasuredRuntime(runtime, measures, clock),
            measures=measures,
            images=self.images,
            volumes=volumes,
            cgroups=NodePodCgroups(cgroups, clock),
            checks=NodeChecks(runtime),
            references=references,
            statuses=statuses,
            events=self._pod_events(),
            client=self._client,
            clock=clock,
            facts=self._facts(names),
            services=lambda: services,
            drained=withdrawal.drained,
            claims=self.claims,
            devices=self.plugged,
        )

    def _volumes(self, facts: NodeFacts, references: References) -> "_Volumes":
        client, clock, folder = self._client, self._clock, self.plugins.folder
        context = FieldContext(host_ips=facts.host_ips, allocatable=facts.allocatable)
        tokens = Tokens(client, clock)
        sources = ContentSources(references, tokens, context)
        image_volumes = ImageVolumes(self.images, self.images, references, self._pod_events(), clock)
        publishing = Publishing(
            client,
            facts.places,
            clock,
            self.plugins.drivers,
            node=self._config.node_name,
            kubelet=folder.root,
            tokens=tokens,
        )
        claims = ClaimVolumes(client, publishing)
        kinds: list[VolumePlugin] = [image_volumes, claims, InlineVolumes(client, publishing)]
        volumes = NodeVolumes(facts.places, sources, clock, kinds, folder.real)
        return _Volumes(volumes, claims, VolumeReadings(volumes.paths, publishing, clock), publishing)

    def _pod_events(self) -> PodEvents:
        return PodEvents(self.events.recorder(COMPONENT, self._config.node_name))

    def _stats(
        self, runtime: Runtime, cgroups: Cgroups, names: NodeCgroups, parts: Parts, dispatcher: PodDispatcher
    ) -> NodeStats:
        config = self._config
        limit = quantity.to_int(config.memory) if config.memory else 0
        kind = NodeKind(names.top, shares=config.is_local, memory_limit=limit)
        images, clock = self.images.root, self._clock
        return NodeStats(runtime, cgroups, parts.facts, kind, images=images, pods=dispatcher.pods, clock=clock)

    def _facts(self, names: NodeCgroups) -> NodeFacts:
        config = self._config
        return NodeFacts(
            node_name=config.node_name,
            host_ips=config.addresses,
            places=Places(config.state_dir / "pods", config.run_dir / "volatile"),
            logs=config.state_dir / "logs",
            cgroup_root=names.top,
            memory_capacity=self._machine.memory,
            allocatable=allocatable(self._machine, self.figures),
            cluster_dns=(config.network.dns_address,),
            cluster_domain=config.network.cluster_domain,
            seccomp_profiles=config.state_dir / "seccomp",
            seccomp_default=config.seccomp_default,
            apparmor=apparmor.enabled(),
            drain_limit=config.drain_limit,
            handlers=self._backend.handlers,
        )

    def _prepare_cgroups(self, cgroups: Cgroups, names: NodeCgroups) -> None:
        """The node's own group has its capacity as limits; best-effort Pods share what others leave."""
        limits = node_limits(capacity(self._machine, self.figures), cpu=self._config.cpu, memory=self._config.memory)
        cgroups.ensure(names.top, limits)
        for qos in QOSClass:
            least = LinuxResources(cpu_shares=MIN_SHARES) if qos is QOSClass.BEST_EFFORT else None
            cgroups.ensure(names.qos(qos), least)

    def _devices_changed(self, dispatcher: PodDispatcher) -> None:
        """The node may have more or fewer devices, and Pods may have others that are well or not."""
        self.registration.touch()
        dispatcher.poke(self.plugged.ledger.holders())

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        """If others took this node for dead, or deleted it, say that it lives."""
        node = new or old
        if node is None or node.metadata.name != self._config.node_name or self.registration.node is None:
            return
        ready = next((c.status for c in new.status.conditions if c.type == "Ready"), "") if new else ""
        if ready not in ("True", "False"):
            self.registration.touch()
        if new is not None:
            self.registration.see(new)


def _ranges(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ())
