"""Answers requests for metrics.k8s.io: get and list of nodes and pods, as JSON or as a Table."""

from collections.abc import Mapping
from typing import Any

import msgspec

from podo.api.errors import BadRequest, MethodNotAllowed, NotFound
from podo.api.resources import Resource
from podo.api.selectors import SelectorError, parse_fields, parse_labels
from podo.server.answer import Answer
from podo.server.core import Core
from podo.server.http.handler import Call
from podo.server.http.negotiation import negotiate
from podo.server.metricsapi.nodes import Summaries, Summary
from podo.server.metricsapi.objects import RESOURCES, VERSION, cells, listed, node_metrics, pod_metrics
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions
from podo.server.strategy import Object
from podo.server.table.tables import column_definitions
from podo.server.watchcache.selection import Selection

NAMES = {"nodes": "nodemetrics", "pods": "podmetrics"}
"""What messages call them."""


class MetricsAPI:
    """The group, answered."""

    versions = (VERSION,)
    resources, seen = RESOURCES, None

    def __init__(self, core: Core, summaries: Summaries) -> None:
        self._core, self._summaries = core, summaries

    async def answer(self, call: Call) -> Answer:
        """Answer one. Raises APIError."""
        info = call.info
        resource = next((r for r in RESOURCES if r.plural == info.resource and r.version == info.version), None)
        if resource is None or info.subresource:
            raise NotFound("the server could not find the requested resource")
        if info.verb not in resource.verbs:
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        objects = await self._objects(resource, info.namespace, info.name, call.query)
        if info.name and not objects:
            raise missing(resource, info.namespace, info.name)
        return shown(call, resource, objects)

    async def _objects(self, resource: Resource, namespace: str, name: str, query: Mapping[str, str]) -> list[Object]:
        selection = selected(namespace if resource.namespaced else "", name, query)
        found = await self._list(resource.plural, selection)
        if resource.plural == "nodes":
            summaries = await self._summaries.of(found)
            made = [
                node_metrics(n, summaries[n["metadata"]["name"]]) for n in found if n["metadata"]["name"] in summaries
            ]
        else:
            made = await self._pods(found)
        return [obj for obj in made if obj is not None]

    async def _pods(self, pods: list[Object]) -> list[Object | None]:
        names = {pod["spec"].get("nodeName", "") for pod in pods}
        nodes = [n for n in await self._list("nodes", Selection()) if n["metadata"]["name"] in names]
        by_uid = figures_by_uid(await self._summaries.of(nodes))
        return [pod_metrics(pod, by_uid[uid]) for pod in pods if (uid := pod["metadata"]["uid"]) in by_uid]

    async def _list(self, plural: str, selection: Selection) -> list[Object]:
        found = await self._core.registry.list(self._kind(plural), selection, ListOptions())
        return [entry.object() for entry in found.entries]

    def _kind(self, plural: str) -> Served:
        served = self._core.catalog.by_path("", "v1", plural)
        assert served is not None
        return served


def selected(namespace: str, name: str, query: Mapping[str, str]) -> Selection:
    """Which objects are asked for. Raises BadRequest."""
    fields = query.get("fieldSelector", "")
    if name:
        fields = f"metadata.name={name}"
    try:
        labels = parse_labels(query["labelSelector"]) if query.get("labelSelector") and not name else None
        return Selection(namespace, labels, parse_fields(fields) if fields else None)
    except SelectorError as error:
        raise BadRequest(str(error)) from error


def figures_by_uid(summaries: Mapping[str, Summary]) -> dict[str, Mapping[str, Any]]:
    """What summaries say of each Pod, by its uid."""
    return {str(pod["podRef"]["uid"]): pod for summary in summaries.values() for pod in summary.get("pods") or ()}


def missing(resource: Resource, namespace: str, name: str) -> NotFound:
    """The 404 of an object, or of one that has no figures yet."""
    place = f"{namespace}/{name}" if resource.namespaced else name
    called = NAMES[resource.plural]
    return NotFound(f'{called}.{resource.group} "{place}" not found', name=place, group=resource.group, kind=called)


def shown(call: Call, resource: Resource, objects: list[Object]) -> Answer:
    """In the form that the client wants."""
    form = negotiate(call.request.headers.get("Accept", ""), has_messages=False)
    body = objects[0] if call.info.name else listed(resource.kind, objects)
    if form.as_kind == "Table":
        rows = [{"cells": cells(obj), "object": obj} for obj in objects]
        head: Object = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}}
        body = head | {"columnDefinitions": column_definitions(resource.columns, resource.kind), "rows": rows}
    return Answer(200, msgspec.json.encode(body) + b"\n")
