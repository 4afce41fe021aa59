import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
import yaml

from podo.api.types.core_v1 import Container, Namespace, Pod, PodSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import NetworkPolicy
from podo.client.base import Key
from podo.client.definitions import ensure, ensure_served, short_definitions
from podo.client.informers import Informers
from podo.clock import VirtualClock
from podo.network import policy as package
from podo.network.base import NetworkFailure, PodSandbox
from podo.network.names import pod_link_name
from podo.network.policy.cluster_kinds import CLUSTER_POLICIES, KINDS
from podo.network.policy.keeper import PolicyKeeper, reduced
from podo.network.policy.model import pod_facts
from podo.server.core import running_core
from podo.store.memory import MemoryStore
from tests.network.build import CONFIG
from tests.network.policy.build import cluster_policy, pod, policy
from tests.network.services.test_proxy import RecordedNft

DENY = "{podSelector: {}}"
BOX = PodSandbox(id="box", netns=None, namespace="x", name="a", uid="u")
LINK = pod_link_name("box")


def isolated(script):
    """Whether a transaction isolates the sandbox's link for ingress."""
    return any(line.startswith(f'add element inet podo-test ingress {{ "{LINK}"') for line in script)


@pytest.fixture
def nft():
    return RecordedNft()


@pytest.fixture
def keeper(nft):
    """One that is fed by hand, and knows the Pod x/a with a sandbox here."""
    made = PolicyKeeper(CONFIG, None, nft=nft, clock=VirtualClock())
    made.adopt("box", Key("x", "a"))
    made.pod_changed(None, pod("a"))
    return made


async def test_the_first_transaction_makes_the_table_and_later_ones_only_change_it(keeper, nft):
    await keeper.sync()
    assert nft.scripts[0][:2] == ["add table inet podo-test", "delete table inet podo-test"]
    keeper.policy_changed(None, policy(DENY, revision=1))
    await keeper.sync()
    assert isolated(nft.scripts[1])
    assert not any("table" in line for line in nft.scripts[1])


async def test_a_policy_that_goes_frees_its_pods(keeper, nft):
    deny = policy(DENY, revision=1)
    keeper.policy_changed(None, deny)
    await keeper.sync()
    keeper.policy_changed(deny, None)
    await keeper.sync()
    assert any(line.startswith("delete element inet podo-test ingress") for line in nft.scripts[1])
    assert nft.scripts[2][0].startswith("delete chain inet podo-test ingress-")


async def test_old_news_of_a_policy_changes_nothing(keeper, nft):
    deny, allow = policy(DENY, revision=5), policy("{podSelector: {}, ingress: [{}]}", revision=4)
    keeper.policy_changed(None, deny)
    await keeper.sync()
    keeper.policy_changed(None, allow)
    keeper.policy_changed(allow, None)  # an earlier object of that name
    await keeper.sync()
    assert len(nft.scripts) == 1


LOCKED = (
    "{tier: Admin, subject: {namespaces: {matchLabels: {ns: x}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}"
)


async def test_a_policy_of_the_cluster_isolates_the_pods_of_the_namespaces_that_it_selects(keeper, nft):
    locked = cluster_policy(LOCKED, revision=1)
    keeper.cluster_policy_changed(None, locked)
    await keeper.sync()
    assert not isolated(nft.scripts[-1])
    keeper.namespace_changed(None, Namespace(metadata=ObjectMeta(name="x", labels={"ns": "x"})))
    await keeper.sync()
    assert isolated(nft.scripts[-1])
    keeper.cluster_policy_changed(locked, None)
    await keeper.sync()
    assert any(line.startswith("delete element inet podo-test ingress") for line in nft.scripts[2])


async def test_old_news_of_a_policy_of_the_cluster_changes_nothing(keeper, nft):
    keeper.namespace_changed(None, Namespace(metadata=ObjectMeta(name="x", labels={"ns": "x"})))
    locked, before = cluster_policy(LOCKED, revision=5), cluster_policy("{priority: 1}", revision=4)
    keeper.cluster_policy_changed(None, locked)
    await keeper.sync()
    keeper.cluster_policy_changed(None, before)
    keeper.cluster_policy_changed(before, None)
    await keeper.sync()
    assert len(nft.scripts) == 1


async def test_a_pod_that_comes_is_one_element(keeper, nft):
    keeper.policy_changed(None, policy("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", revision=1))
    await keeper.sync()
    keeper.pod_changed(None, pod("b", address="10.244.2.9"))
    await keeper.sync()
    (line,) = nft.scripts[1]
    assert line.startswith("add element inet podo-test peers-")
    assert line.endswith("-4 { 10.244.2.9 }")


async def test_a_pod_that_the_api_forgets_stays_isolated_until_its_sandbox_goes(keeper, nft):
    keeper.policy_changed(None, policy(DENY, revision=1))
    await keeper.sync()
    keeper.pod_changed(pod("a"), None)
    await keeper.sync()
    assert len(nft.scripts) == 1
    keeper.forget("box")
    await keeper.sync()
    assert any(f'delete element inet podo-test ingress {{ "{LINK}" :' in line for line in nft.scripts[1])


def test_what_an_informer_keeps_of_a_pod_is_all_that_policies_look_at():
    whole = pod("a", phase="Succeeded")
    assert pod_facts(reduced(whole)) == pod_facts(whole)
    assert pod_facts(reduced(pod("a", host_network=True))) == pod_facts(pod("a", host_network=True))


@asynccontextmanager
async def running(nft, *, patience=5.0):
    """(keeper, client): fed by an API in memory."""
    clock = VirtualClock()
    async with running_core(MemoryStore(), clock) as core:
        client, informers = core.client(), Informers(core.client(), clock, Random(1))
        await client.create(Namespace(metadata=ObjectMeta(name="x")))
        keeper = PolicyKeeper(CONFIG, client, nft=nft, clock=clock, patience=patience)
        tasks = [asyncio.ensure_future(informers.run()), asyncio.ensure_future(keeper.run(informers))]
        try:
            yield keeper, client
        finally:
            for task in tasks:
                task.cancel()


async def made(client, name="a"):
    spec = PodSpec(containers=(Container(name="c", image="i"),))
    await client.create(Pod(metadata=pod(name).metadata, spec=spec))


async def test_a_sandbox_is_admitted_at_once_while_there_is_no_policy(nft):
    async with running(nft) as (keeper, client):
        await made(client)
        await keeper.admit(BOX)
        assert not any(isolated(script) for script in nft.scripts)


async def test_a_sandbox_is_admitted_only_once_its_policies_are_in_force(nft):
    async with running(nft) as (keeper, client):
        await client.create(policy(DENY))
        await made(client)
        await keeper.admit(BOX)
        assert isolated(nft.scripts[-1])


async def test_a_policy_made_a_moment_before_the_pod_is_known_whatever_the_watch_has_told(nft):
    async with running(nft) as (keeper, client):
        await client.create(policy(DENY, namespace="x", name="first"))
        await made(client)
        await keeper.admit(replace(BOX, id="other"))
        await client.create(policy("{podSelector: {}, policyTypes: [Egress]}", name="second"))
        await keeper.admit(BOX)
        assert any(f'egress {{ "{LINK}"' in line for line in nft.scripts[-1])


async def test_a_policy_of_the_cluster_is_in_force_before_the_pod(nft):
    clock = VirtualClock()
    async with running_core(MemoryStore(), clock) as core:
        client, informers = core.client(), Informers(core.client(), clock, Random(1))
        serving = asyncio.ensure_future(ensure_served(client, clock, short_definitions(package.__name__), KINDS))
        while not serving.done():
            await clock.run_for(timedelta(seconds=0.1))
        assert serving.result() == list(KINDS)
        await client.create(Namespace(metadata=ObjectMeta(name="x", labels={"ns": "x"})))
        keeper = PolicyKeeper(CONFIG, client, nft=nft, clock=clock)
        tasks = [asyncio.ensure_future(informers.run()), asyncio.ensure_future(keeper.run(informers))]
        await made(client)
        names = {"apiVersion": CLUSTER_POLICIES.resource.api_version, "kind": "ClusterNetworkPolicy"}
        spec = yaml.safe_load(LOCKED) | {"priority": 10}
        await ensure(client, CLUSTER_POLICIES, names | {"metadata": {"name": "locked"}, "spec": spec})
        await keeper.admit(BOX)
        assert isolated(nft.scripts[-1])
        for task in tasks:
            task.cancel()


async def test_when_the_rules_cannot_be_made_no_sandbox_is_admitted(nft):
    nft.refuse = 1000
    async with running(nft, patience=0.05) as (keeper, client):
        await made(client)
        with pytest.raises(NetworkFailure, match="network policies of x are not known"):
            await keeper.admit(BOX)


async def test_policies_and_pods_are_followed_by_themselves(nft):
    async with running(nft) as (keeper, client):
        await made(client)
        await keeper.admit(BOX)
        deny = await client.create(policy(DENY))
        async with asyncio.timeout(5):
            await keeper.progress.reached(int(deny.metadata.resource_version))
        assert any(isolated(script) for script in nft.scripts)
        await client.delete(NetworkPolicy, Key("x", "p"))
        async with asyncio.timeout(5):
            while not any(line.startswith("delete element") for script in nft.scripts for line in script):
                await keeper.progress.changed()


async def test_tables_that_somebody_else_removes_are_made_anew(nft):
    clock = VirtualClock()
    async with running_core(MemoryStore(), clock) as core:
        client, informers = core.client(), Informers(core.client(), clock, Random(1))
        keeper = PolicyKeeper(CONFIG, client, nft=nft, clock=clock)
        tasks = [asyncio.ensure_future(informers.run()), asyncio.ensure_future(keeper.run(informers))]
        await keeper.progress.changed()
        nft.found = []
        await clock.run_for(timedelta(seconds=25))
        assert nft.scripts[-1] == nft.scripts[0]
        assert len(nft.scripts) > 1
        for task in tasks:
            task.cancel()
