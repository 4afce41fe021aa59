"""Answers requests for custom.metrics.k8s.io: metrics of Pods, of Services (all their Pods), of a namespace."""

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from podo.api import quantity
from podo.api.errors import BadRequest, MethodNotAllowed, NotFound
from podo.api.resources import Resource
from podo.api.selectors import LabelSelector, SelectorError, from_labels, parse_fields, parse_labels
from podo.api.timestamps import format_time
from podo.server.answer import Answer, json_answer
from podo.server.core import Core
from podo.server.custommetrics.listing import CUSTOM, CUSTOM_VERSIONS, custom_resources
from podo.server.custommetrics.readings import Reading, Value, value_of
from podo.server.custommetrics.scraping import Scrapes
from podo.server.http.handler import Call
from podo.server.http.request_info import RequestInfo
from podo.server.registry.reading import ListOptions
from podo.server.strategy import Object
from podo.server.watchcache.selection import Selection

GROUP, VERSIONS = CUSTOM, CUSTOM_VERSIONS
ALL = "*"


class CustomMetricsAPI:
    """The group, answered."""

    versions = VERSIONS

    def __init__(self, core: Core, scrapes: Scrapes) -> None:
        self._core, self._scrapes = core, scrapes

    @property
    def resources(self) -> Sequence[Resource]:
        return custom_resources(self._scrapes.names)

    @property
    def seen(self) -> Hashable:
        return self._scrapes.names

    async def answer(self, call: Call) -> Answer:
        """Answer one. Raises APIError."""
        info = call.info
        if info.version not in VERSIONS:
            raise NotFound("the server could not find the requested resource")
        if info.verb not in ("get", "list"):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        metric_labels = _labels(call.query.get("metricLabelSelector", ""))
        kind, name, metric = asked(info)
        if kind == "pods":
            items = await self._pods(info, name, metric, metric_labels, call.query)
        elif kind == "services":
            items = await self._service(info, name, metric, metric_labels)
        elif kind == "namespaces":
            items = await self._namespace(info, metric, metric_labels)
        else:
            items = []
        if not items:
            raise missing(kind, name, info.namespace, metric)
        body = {"kind": "MetricValueList", "apiVersion": f"{GROUP}/{info.version}", "metadata": {}, "items": items}
        return json_answer(body)

    async def _pods(
        self, info: RequestInfo, name: str, metric: str, labels: LabelSelector | None, query: Mapping[str, str]
    ) -> list[Object]:
        chosen = _labels(query.get("labelSelector", "")) if name == ALL else None
        fields = parse_fields(f"metadata.name={name}") if name != ALL else None
        pods = await self._list("pods", Selection(info.namespace, chosen, fields))
        readings = await self._scrapes.of(pods)
        items = []
        for pod in pods:
            known = readings.get(pod["metadata"]["uid"])
            if known and (value := value_of(metric, known, labels)) is not None:
                items.append(metric_value(info.version, "Pod", pod["metadata"], metric, value))
        return items

    async def _service(self, info: RequestInfo, name: str, metric: str, labels: LabelSelector | None) -> list[Object]:
        entry = await self._core.registry.get(self._kind("services"), info.namespace, name)
        service = entry.object()
        selector = service["spec"].get("selector")
        if not selector:
            return []
        chosen: Any = from_labels(selector)
        pods = await self._list("pods", Selection(info.namespace, chosen))
        return await self._sum(info, "Service", service["metadata"], pods, metric, labels)

    async def _namespace(self, info: RequestInfo, metric: str, labels: LabelSelector | None) -> list[Object]:
        pods = await self._list("pods", Selection(info.namespace))
        return await self._sum(info, "Namespace", {"name": info.namespace}, pods, metric, labels)

    async def _sum(
        self,
        info: RequestInfo,
        kind: str,
        metadata: Mapping[str, Any],
        pods: Sequence[Object],
        metric: str,
        labels: LabelSelector | None,
    ) -> list[Object]:
        readings: Mapping[str, Sequence[Reading]] = await self._scrapes.of(pods)
        values = [v for known in readings.values() if (v := value_of(metric, known, labels)) is not None]
        if not values:
            return []
        whole = Value(sum(v.value for v in values), max(v.at for v in values), values[0].window)
        return [metric_value(info.version, kind, metadata, metric, whole)]

    async def _list(self, plural: str, selection: Selection) -> list[Object]:
        found = await self._core.registry.list(self._kind(plural), selection, ListOptions())
        return [entry.object() for entry in found.entries]

    def _kind(self, plural: str) -> Any:
        return self._core.catalog.by_path("", "v1", plural)


def asked(info: RequestInfo) -> tuple[str, str, str]:
    """(resource, name, metric) of `pods/*/m`, `services/web/m`, and `metrics/m`, which is about the namespace."""
    if info.resource == "metrics" and info.name:
        return "namespaces", info.namespace, info.name
    if not info.resource or not info.name or not info.subresource:
        raise NotFound("the server could not find the requested resource")
    return info.resource, info.name, info.subresource


def metric_value(version: str, kind: str, metadata: Mapping[str, Any], metric: str, value: Value) -> Object:
    """A MetricValue in the words of either version."""
    described = {"kind": kind, "name": metadata["name"], "apiVersion": "/v1"}
    if "namespace" in metadata:
        described["namespace"] = metadata["namespace"]
    found: Object = {"describedObject": described}
    found |= {"metric": {"name": metric, "selector": None}} if version == "v1beta2" else {"metricName": metric}
    found["timestamp"] = format_time(value.at)
    if value.window is not None:
        found["windowSeconds"] = max(round(value.window), 1)
    milli = Decimal(round(value.value * 1000)).scaleb(-3)
    return found | {"value": quantity.format_decimal(milli)}


def missing(kind: str, name: str, namespace: str, metric: str) -> NotFound:
    """The 404 where no Pod says anything."""
    where = "" if kind == "namespaces" else f" {name}"
    return NotFound(f"the server could not find the metric {metric} for {kind}{where} in namespace {namespace}")


def _labels(text: str) -> LabelSelector | None:
    try:
        return parse_labels(text) if text else None
    except SelectorError as error:
        raise BadRequest(str(error)) from error
