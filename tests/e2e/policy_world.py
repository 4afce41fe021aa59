"""Three namespaces with three Pods each, on two nodes: a table of who reaches whom while policies hold."""

import asyncio
import itertools
import socket

from podo.api.types.core_v1 import Namespace
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.clock import SystemClock
from podo.network.nft import NftCommand
from podo.network.policy.keeper import PolicyKeeper
from tests.e2e.network_world import made_in
from tests.network.policy import build

NAMESPACES, NAMES = "xyz", "abc"
PORTS = (("tcp", 80), ("tcp", 81), ("udp", 80), ("udp", 81))
CONTAINER_PORTS = tuple((f"serve-{number}-{protocol}", number, protocol.upper()) for protocol, number in PORTS)
PATIENCE, AT_ONCE = 0.3, 50  # seconds; connections


class Table:
    """Pods, and what nodes have been told of them. `family` is which of their addresses is asked."""

    def __init__(self, net, *, family=0):
        self.net, self.family, self.pods, self.policies = net, family, {}, []
        self._places = {}  # of each Pod: its node
        self._told = []  # (method, new object) of all that keepers were told
        self.keepers = self._made()
        self._nodes, self._revisions = itertools.cycle(net.nodes), itertools.count(1)

    def _made(self):
        return {
            name: PolicyKeeper(self.net.config, None, nft=NftCommand(spot.netns), clock=SystemClock())
            for name, spot in self.net.nodes.items()
        }

    def start_again(self):
        """Keepers that know of nothing but what there is now, as after a restart of their agents."""
        self.keepers = self._made()
        for key, (node, pod) in self._places.items():
            self.keepers[node].adopt(pod.sandbox.id, key)
        for method, new in self._told:
            self._tell(method, new)
        for policy in self.policies:
            for keeper in self.keepers.values():
                keeper.policy_changed(None, policy)

    def _tell(self, method, new):
        for keeper in self.keepers.values():
            getattr(keeper, method)(None, new)

    async def fill(self):
        for namespace in NAMESPACES:
            self.label_namespace(namespace, {"ns": namespace})
            for name in NAMES:
                await self.add(namespace, name)
        await self.sync()

    async def add(self, namespace, name, *, ports=PORTS):
        node = next(self._nodes)
        pod = await self.net.add_pod(node, name, namespace=namespace)
        self.pods[f"{namespace}/{name}"] = pod
        self.keepers[node].adopt(pod.sandbox.id, Key(namespace, name))
        self._places[Key(namespace, name)] = (node, pod)
        self.label(f"{namespace}/{name}", {"pod": name})
        everywhere = "::" if self.family else "0.0.0.0"
        for protocol, number in ports:
            if protocol == "tcp":
                await self.net.serve(pod.netns, name, number, everywhere)
            else:
                await self.net.serve_udp(pod.netns, name, number, everywhere)

    def label(self, key, labels):
        """The Pod now has these labels."""
        pod, (namespace, _, name) = self.pods[key], key.partition("/")
        address = ",".join(pod.addresses)
        told = build.pod(name, namespace=namespace, address=address, labels=labels, ports=CONTAINER_PORTS)
        self._told.append(("pod_changed", told))
        self._tell("pod_changed", told)

    def label_namespace(self, name, labels):
        told = Namespace(metadata=ObjectMeta(name=name, labels=labels))
        self._told.append(("namespace_changed", told))
        self._tell("namespace_changed", told)

    async def apply(self, *policies):
        """Make these the policies that there are; each is (namespace, its spec in YAML)."""
        made = [
            build.policy(spec, name=f"p{number}", namespace=namespace, revision=next(self._revisions))
            for number, (namespace, spec) in enumerate(policies)
        ]
        names = {(each.metadata.namespace, each.metadata.name) for each in made}
        for keeper in self.keepers.values():
            for old in self.policies:
                if (old.metadata.namespace, old.metadata.name) not in names:
                    keeper.policy_changed(old, None)
            for new in made:
                keeper.policy_changed(None, new)
        self.policies = made
        await self.sync()

    async def sync(self):
        for keeper in self.keepers.values():
            await keeper.sync()

    def address(self, key):
        return self.pods[key].addresses[self.family]

    async def reached(self, wanted=(), *, ports=PORTS, pairs=None):
        """{(from, to, protocol, port)} of all that gets through; what is `wanted` gets more time than the rest."""
        pairs = pairs or itertools.product(self.pods, self.pods)
        asked = [(a, b, *port) for a, b in pairs for port in ports]
        passed = await self._ask(asked, PATIENCE)
        return passed | await self._ask([each for each in asked if each in wanted and each not in passed], 5)

    async def _ask(self, asked, seconds):
        turns = asyncio.Semaphore(AT_ONCE)  # else those that wait for their turn would count as refused

        async def ask(a, b, *port):
            async with turns:
                return await reaches(self.pods[a].netns, self.address(b), *port, seconds=seconds)

        answers = await asyncio.gather(*(ask(*each) for each in asked))
        return {each for each, passed in zip(asked, answers, strict=True) if passed}


async def reaches(netns, address, protocol, port, seconds):
    """Whether an answer comes back from there."""
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with made_in(netns, kind, address) as client:
        try:
            async with asyncio.timeout(seconds):
                await loop.sock_connect(client, (address, port))
                if protocol == "udp":
                    await loop.sock_sendall(client, b"?")
                return bool(await loop.sock_recv(client, 100))
        except (OSError, TimeoutError):
            return False
