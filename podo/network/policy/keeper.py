"""Keeps the policy table of a node in step with NetworkPolicies, policies of the whole cluster, Pods and Namespaces.

The Pods of the whole cluster are watched only once there is a policy. A Pod's policies are in force before it has a
link (`admit`), whatever the watches know by then: it asks for them.
"""

import asyncio
import logging
from typing import NamedTuple

from podo.api.errors import APIError, NotFound
from podo.api.types.core_v1 import Container, Namespace, Pod, PodSpec, PodStatus
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import NetworkPolicy
from podo.client.base import Client, Key, find, key_of
from podo.client.informer import revision_of
from podo.client.informers import Informers
from podo.clock import Clock
from podo.network.base import NetworkFailure, PodSandbox
from podo.network.config import NetworkConfig, of_family
from podo.network.names import pod_link_name
from podo.network.nft import Nft
from podo.network.policy.cluster_kinds import CLUSTER_POLICIES, KINDS, ClusterPolicy
from podo.network.policy.members import Members
from podo.network.policy.model import Direction, PodFacts, PolicyFacts, pod_facts, policy_facts, selecting
from podo.network.policy.rules import fresh_table, pod_chains, policy_table
from podo.network.policy.tiers import ClusterPolicyFacts, cluster_policy_facts, key_of_policy, tiers_of
from podo.network.ruleset import Fragment, Ruleset, commands, removals
from podo.network.services.progress import Progress
from podo.network.upkeep import Upkeep

log = logging.getLogger(__name__)


class _Local(NamedTuple):
    """A sandbox on this node."""

    key: Key
    link: str


class PolicyKeeper:
    """Feed it by `run`, or with the methods `…_changed` and `sync`."""

    def __init__(self, config: NetworkConfig, client: Client, *, nft: Nft, clock: Clock, patience: float = 10) -> None:
        self._config, self._client, self._nft = config, client, nft
        self._patience = patience  # seconds that `admit` waits for the rules
        self._versions = tuple(version for version in (4, 6) if of_family(config.ranges, version))
        self._policies: dict[str, dict[Key, PolicyFacts]] = {}  # by namespace
        self._cluster: dict[Key, ClusterPolicyFacts] = {}
        self._ruleset = Ruleset()
        self._members = Members(self._ruleset, self._versions)
        self._local: dict[str, _Local] = {}  # by the sandbox's id
        self._of_pod: dict[Key, set[str]] = {}
        self._dirty: set[str] = set()
        self._asked = self._done = 0
        family, name = policy_table(config).split()
        self._upkeep = Upkeep(nft, clock, "network policies", [(family, name)])
        self._wanted = asyncio.Event()  # there is, or was, a policy
        self.progress = Progress()

    async def run(self, informers: Informers) -> None:
        """Keep the table in step until cancelled. What is found in force stays so until everything is known."""
        policies, cluster = informers.of(NetworkPolicy), [informers.of(kind) for kind in KINDS]
        policies.handle(self.policy_changed)
        await informers.synced(policies)
        for each in cluster:
            each.handle(self.cluster_policy_changed)
            await informers.synced(each)
        async with asyncio.TaskGroup() as tasks:
            if not self._wanted.is_set():
                idle = tasks.create_task(self._upkeep.run(self.sync), name="policies")
                await self._wanted.wait()
                idle.cancel()
                await asyncio.wait([idle])
                self._upkeep.fresh = True  # what it was about to do is lost
            pods, namespaces = informers.of(Pod, transform=reduced), informers.of(Namespace)
            pods.handle(self.pod_changed)
            namespaces.handle(self.namespace_changed)
            await informers.synced(pods)
            await informers.synced(namespaces)
            tasks.create_task(self._upkeep.run(self.sync), name="policies")

    def adopt(self, sandbox_id: str, key: Key) -> None:
        """The Pod `key` has a sandbox here."""
        self._local[sandbox_id] = _Local(key, pod_link_name(sandbox_id))
        self._of_pod.setdefault(key, set()).add(sandbox_id)
        self._mark(sandbox_id)

    async def admit(self, sandbox: PodSandbox) -> None:
        """Return once the policies that there are for its Pod are in force for its link. Raises NetworkFailure."""
        key = Key(sandbox.namespace, sandbox.name)
        try:
            async with asyncio.timeout(self._patience):
                await self._ask(key)
                self.adopt(sandbox.id, key)
                await self._settled()
        except (TimeoutError, APIError, OSError) as error:
            self.forget(sandbox.id)
            why = str(error) or "their rules were not in force in time"
            raise NetworkFailure(f"network policies of {key.namespace} are not known: {why}") from error

    async def _ask(self, key: Key) -> None:
        """Learn what holds for the Pod `key`, which the watches may not have told yet."""
        for policy in (await self._client.list(NetworkPolicy, namespace=key.namespace)).items:
            self.policy_changed(None, policy)
        try:
            for each in (await self._client.list(CLUSTER_POLICIES)).items:
                self.cluster_policy_changed(None, each)
        except NotFound:
            pass  # somebody has removed the definition
        if self._cluster:
            named = f"metadata.name={key.namespace}"
            for namespace in (await self._client.list(Namespace, fields=named)).items:
                self.namespace_changed(None, namespace)
        if (self._cluster or self._policies.get(key.namespace)) and (pod := await find(self._client, Pod, key)):
            self.pod_changed(None, pod)

    def forget(self, sandbox_id: str) -> None:
        """The sandbox's link is gone."""
        if local := self._local.pop(sandbox_id, None):
            self._of_pod[local.key].discard(sandbox_id)
            if not self._of_pod[local.key]:
                del self._of_pod[local.key]
            self._mark(sandbox_id)

    def policy_changed(self, old: NetworkPolicy | None, new: NetworkPolicy | None) -> None:
        """An informer's handler: `new` stands where `old` stood. What is older than what is known is no news."""
        if (changed := new or old) is None:
            return
        key = key_of(changed)
        known = self._policies.setdefault(key.namespace, {})
        if new is not None:
            facts, before = policy_facts(new), known.get(key)
            if before is not None and before.revision >= facts.revision:
                return
            known[key] = facts
            self._wanted.set()
        elif key not in known or known[key].revision > revision_of(changed):
            return  # it has been made again since
        else:
            del known[key]
        self._mark_namespace(key.namespace)

    def cluster_policy_changed(self, old: ClusterPolicy | None, new: ClusterPolicy | None) -> None:
        """An informer's handler, as `policy_changed`."""
        if (changed := new or old) is None:
            return
        key = key_of_policy(changed)
        before = self._cluster.get(key)
        if new is not None:
            facts = cluster_policy_facts(new)
            if before is not None and before.revision >= facts.revision:
                return
            self._cluster[key] = facts
            self._wanted.set()
        elif before is None or before.revision > revision_of(changed):
            return
        else:
            del self._cluster[key]
        self._dirty |= self._local.keys()
        self._upkeep.wake()

    def pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        """An informer's handler."""
        if (changed := new or old) is None:
            return
        key = key_of(changed)
        before, facts = self._members.pods.get(key), pod_facts(new) if new else None
        if facts == before:
            return
        self._members.put_pod(key, facts)
        if facts is None or before is None or (facts.labels, facts.ports) != (before.labels, before.ports):
            self._dirty |= self._of_pod.get(key, set())
        self._upkeep.wake()

    def namespace_changed(self, old: Namespace | None, new: Namespace | None) -> None:
        """An informer's handler."""
        if changed := new or old:
            name = changed.metadata.name
            self._members.put_namespace(name, new.metadata.labels if new else None)
            if self._cluster:
                self._mark_namespace(name)
            self._upkeep.wake()

    async def sync(self) -> None:
        """One transaction with all that has changed. Raises NftFailure."""
        fresh, asked = self._upkeep.begin(), self._asked
        dirty, self._dirty = self._dirty, set()
        for sandbox_id in dirty:
            self._render(sandbox_id)
        table = policy_table(self._config)
        changes = self._ruleset.everything() if fresh else self._ruleset.take()
        script = [*(fresh_table(self._config) if fresh else ()), *commands(table, changes)]
        await self._nft.apply(script)
        self._done = asked
        named = (each.revision for known in self._policies.values() for each in known.values())
        self.progress.advance(max((*named, *(each.revision for each in self._cluster.values())), default=0))
        await self._upkeep.tidy(removals(table, changes))

    def _render(self, sandbox_id: str) -> None:
        """Enter in the ruleset what the sandbox now wants. A Pod that is gone keeps what held for it."""
        local = self._local.get(sandbox_id)
        if local is None:
            self._members.use(sandbox_id, frozenset())
            self._ruleset.put(sandbox_id, Fragment())
        elif pod := self._members.pods.get(local.key):
            policies = {each: self._selecting(pod, each) for each in Direction}
            labels = self._members.namespaces.get(local.key.namespace, {})
            tiers = tiers_of(self._cluster.values(), pod, labels)
            chains = pod_chains(pod, local.link, policies, self._versions, tiers)
            self._members.use(sandbox_id, chains.sets)
            self._ruleset.put(sandbox_id, chains.fragment)

    def _selecting(self, pod: PodFacts, direction: Direction) -> list[PolicyFacts]:
        return selecting(self._policies.get(pod.key.namespace, {}).values(), pod, direction)

    async def _settled(self) -> None:
        self._asked += 1
        mine = self._asked
        self._upkeep.wake()
        while self._done < mine:
            await self.progress.changed()

    def _mark_namespace(self, namespace: str) -> None:
        self._dirty.update(each for each, local in self._local.items() if local.key.namespace == namespace)
        self._upkeep.wake()

    def _mark(self, sandbox_id: str) -> None:
        self._dirty.add(sandbox_id)
        self._upkeep.wake()


def reduced(pod: Pod) -> Pod:
    """The part of a Pod that policies look at: an informer's transform."""

    def ports_only(containers: tuple[Container, ...]) -> tuple[Container, ...]:
        return tuple(Container(ports=each.ports) for each in containers if each.ports)

    meta, spec, status = pod.metadata, pod.spec, pod.status
    return Pod(
        metadata=ObjectMeta(
            name=meta.name, namespace=meta.namespace, labels=meta.labels, resource_version=meta.resource_version
        ),
        spec=PodSpec(
            host_network=spec.host_network,
            containers=ports_only(spec.containers),
            init_containers=ports_only(spec.init_containers),
        ),
        status=PodStatus(phase=status.phase, pod_ip=status.pod_ip, pod_ips=status.pod_ips),
    )
