"""Answers requests for external.metrics.k8s.io: what exporters tell of things that are no objects of the cluster.

An exporter is a Pod with the annotations that custom metrics are read by. A metric of a namespace is what all of its
Pods say under that name, a value for each set of labels (those of one queue, say), chosen by `labelSelector`.
"""

from collections.abc import Hashable, Sequence
from decimal import Decimal

from podo.api import quantity
from podo.api.errors import BadRequest, MethodNotAllowed, NotFound
from podo.api.resources import Resource
from podo.api.selectors import LabelSelector, SelectorError, parse_labels
from podo.api.timestamps import format_time
from podo.server.answer import Answer, json_answer
from podo.server.core import Core
from podo.server.custommetrics.listing import EXTERNAL, EXTERNAL_VERSION, external_resources
from podo.server.custommetrics.readings import Labels, Reading, Value, values_by_labels
from podo.server.custommetrics.scraping import Scrapes
from podo.server.http.handler import Call
from podo.server.registry.reading import ListOptions
from podo.server.strategy import Object
from podo.server.watchcache.selection import Selection


class ExternalMetricsAPI:
    """The group, answered."""

    versions = (EXTERNAL_VERSION,)

    def __init__(self, core: Core, scrapes: Scrapes) -> None:
        self._core, self._scrapes = core, scrapes

    @property
    def resources(self) -> Sequence[Resource]:
        return external_resources(self._scrapes.names)

    @property
    def seen(self) -> Hashable:
        return self._scrapes.names

    async def answer(self, call: Call) -> Answer:
        """Answer one. Raises APIError."""
        info = call.info
        if info.version != EXTERNAL_VERSION or not info.resource or info.name or not info.namespace:
            raise NotFound("the server could not find the requested resource")
        if info.verb not in ("get", "list"):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        selector, metric = _selector(call.query.get("labelSelector", "")), info.resource
        kind = self._core.catalog.by_path("", "v1", "pods")
        assert kind is not None
        found = await self._core.registry.list(kind, Selection(info.namespace), ListOptions())
        readings = await self._scrapes.of([entry.object() for entry in found.entries])
        items = external_values(metric, list(readings.values()), selector)
        if not items:
            raise NotFound(f"the server could not find the metric {metric} in namespace {info.namespace}")
        body = {"kind": "ExternalMetricValueList", "apiVersion": f"{EXTERNAL}/{EXTERNAL_VERSION}", "metadata": {}}
        return json_answer(body | {"items": items})


def external_values(metric: str, readings: Sequence[Sequence[Reading]], selector: LabelSelector | None) -> list[Object]:
    """The ExternalMetricValues by the readings of Pods; what several Pods say with the same labels is added up."""
    found: dict[Labels, Value] = {}
    for known in readings:
        for labels, value in values_by_labels(metric, known, selector).items():
            before = found.get(labels)
            whole = value.value + before.value if before else value.value
            found[labels] = Value(whole, value.at, value.window)
    return [external_value(metric, dict(labels), value) for labels, value in sorted(found.items(), key=lambda i: i[0])]


def external_value(metric: str, labels: dict[str, str], value: Value) -> Object:
    """One ExternalMetricValue."""
    made: Object = {"metricName": metric, "metricLabels": labels, "timestamp": format_time(value.at)}
    if value.window is not None:
        made["window"] = max(round(value.window), 1)
    return made | {"value": quantity.format_decimal(Decimal(round(value.value * 1000)).scaleb(-3))}


def _selector(text: str) -> LabelSelector | None:
    try:
        return parse_labels(text) if text else None
    except SelectorError as error:
        raise BadRequest(str(error)) from error
