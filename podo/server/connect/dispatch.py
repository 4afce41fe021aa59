"""Who answers for the subresources that are connections."""

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from podo.server.answer import Answer
from podo.server.connect import proxy
from podo.server.connect.nodes import NodeAccess
from podo.server.connect.pods import PodConnections
from podo.server.core import Core
from podo.server.http.handler import Call
from podo.server.outgoing.forwarding import is_upgrade
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.selection import Selection

Object = Mapping[str, Any]


class Connections:
    """Answers for the connection subresources of Pods, Services and Nodes."""

    def __init__(self, core: Core, access: NodeAccess, chance: random.Random) -> None:
        self._core, self._access, self._chance = core, access, chance
        self._pods = PodConnections(self._node, access)

    async def answer(self, call: Call, served: Served) -> Answer | web.StreamResponse:
        """Answer one. Raises APIError."""
        if call.info.subresource != "proxy":
            return await self._pods.answer(call, await self._get(served, call.info.namespace, call.info.name))
        return await self._proxy(call, served)

    async def _proxy(self, call: Call, served: Served) -> Answer | web.StreamResponse:
        name, namespace = proxy.parse_name(call.info.name), call.info.namespace
        found = await self._get(served, namespace, name.name)
        if call.info.resource == "pods":
            return await proxy.carry_on(call, proxy.pod_target(found, name), None)
        if call.info.resource == "nodes":
            target = proxy.node_target(found, name)
            if is_upgrade(call.request):  # the node's exec and attach among them
                await call.check_create()
            context = proxy.node_context(self._access, target, found)
            return await proxy.carry_on(call, target, context, name.name if context is not None else "")
        slices = await self._slices(namespace, name.name)
        target = proxy.service_target(found, slices, name, self._chance, partial(self._is_pod, namespace))
        return await proxy.carry_on(call, target, None)

    def _is_pod(self, namespace: str, target: Object, address: str) -> bool:
        """Whether an endpoint is a Pod of the namespace that has the address."""
        if target.get("kind") != "Pod" or target.get("namespace", namespace) != namespace:
            return False
        stored = self._kind("", "pods").stored
        entry = self._core.cache.resource(stored.prefix).get(stored.key(namespace, target.get("name", "")))
        status = (entry.object().get("status") or {}) if entry is not None else {}
        return address in [status.get("podIP"), *(each.get("ip") for each in status.get("podIPs") or ())]

    async def _node(self, name: str) -> Object:
        return await self._get(self._kind("", "nodes"), "", name)

    async def _get(self, served: Served, namespace: str, name: str) -> Object:
        entry = await self._core.registry.get(served, namespace, name)
        return entry.object()

    async def _slices(self, namespace: str, service: str) -> list[Object]:
        from podo.api.selectors import IN, LabelSelector, Requirement

        wanted = LabelSelector((Requirement("kubernetes.io/service-name", IN, (service,)),))
        selection = Selection(namespace=namespace, labels=wanted)
        found = await self._core.registry.list(
            self._kind("discovery.k8s.io", "endpointslices"), selection, ListOptions()
        )
        return [entry.object() for entry in found.entries]

    def _kind(self, group: str, plural: str) -> Served:
        served = self._core.catalog.by_path(group, "v1", plural)
        assert served is not None
        return served
