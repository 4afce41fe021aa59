"""Figures from the metrics APIs (metrics, custom.metrics, external.metrics .k8s.io), whoever serves them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from podo.api import quantity, resources, timestamps
from podo.api.errors import APIError, NotFound
from podo.api.types.autoscaling_v2 import CrossVersionObjectReference
from podo.controllers.autoscaling.metrics import MetricsFailure, PodMetric, PodMetrics
from podo.controllers.served import ServedResources

Fetch = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""GET of a path of the API with parameters: the JSON. Raises APIError."""
RESOURCE, EXTERNAL = "/apis/metrics.k8s.io/v1beta1", "/apis/external.metrics.k8s.io/v1beta1"
CUSTOM = ("/apis/custom.metrics.k8s.io/v1beta2", "/apis/custom.metrics.k8s.io/v1beta1")
DEFAULT_WINDOW = 60.0


class RESTMetrics:
    """Asks over HTTP: then it does not matter whether podo serves an API, or an add-on behind it."""

    def __init__(self, fetch: Fetch, served: ServedResources) -> None:
        self._fetch, self._served = fetch, served

    async def resource(self, resource: str, namespace: str, selector: str, container: str) -> PodMetrics:
        items = await self._items("resource", f"{RESOURCE}/namespaces/{namespace}/pods", {"labelSelector": selector})
        found = {}
        for item in items:
            if (value := used(item, resource, container)) is not None:
                window = seconds(item.get("window", "")) or DEFAULT_WINDOW
                found[str(item["metadata"]["name"])] = PodMetric(value, _at(item), window)
        return found

    async def pods(self, metric: str, namespace: str, selector: str, metric_selector: str) -> PodMetrics:
        query = {"labelSelector": selector} | _optional("metricLabelSelector", metric_selector)
        items = await self._custom(f"/namespaces/{namespace}/pods/*/{metric}", query)
        return {
            str(item["describedObject"]["name"]): PodMetric(
                quantity.to_milli(item["value"]), _at(item), float(item.get("windowSeconds") or DEFAULT_WINDOW)
            )
            for item in items
        }

    async def object(
        self, metric: str, namespace: str, described: CrossVersionObjectReference, metric_selector: str
    ) -> int:
        group, _ = resources.split_api_version(described.api_version)
        query = _optional("metricLabelSelector", metric_selector)
        if (group, described.kind) == ("", "Namespace"):
            items = await self._custom(f"/namespaces/{namespace}/metrics/{metric}", query)
        else:
            found = self._served.by_group(group, described.kind)
            if found is None:
                text = f'unable to map kind {described.kind} to resource: no matches for kind "{described.kind}"'
                raise MetricsFailure(f"unable to fetch metrics from custom metrics API: {text}")
            path = f"/namespaces/{namespace}/{found.group_resource}/{described.name}/{metric}"
            items = await self._custom(path, query)
        return quantity.to_milli(items[0]["value"])

    async def external(self, metric: str, namespace: str, metric_selector: str) -> Sequence[int]:
        path = f"{EXTERNAL}/namespaces/{namespace}/{metric}"
        items = await self._items("external", path, _optional("labelSelector", metric_selector))
        return [quantity.to_milli(item["value"]) for item in items]

    async def _custom(self, path: str, query: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Of the newest version that there is."""
        for version in CUSTOM[:-1]:
            try:
                body = await self._fetch(version + path, query)
                return _some("custom", body)
            except NotFound:
                continue
            except APIError as error:
                raise _failure("custom", error) from error
        return await self._items("custom", CUSTOM[-1] + path, query)

    async def _items(self, which: str, path: str, query: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        try:
            body = await self._fetch(path, query)
        except APIError as error:
            raise _failure(which, error) from error
        return _some(which, body)


def _failure(which: str, error: APIError) -> MetricsFailure:
    return MetricsFailure(f"unable to fetch metrics from {which} metrics API: {error}")


def _some(which: str, body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    items: Sequence[Mapping[str, Any]] = body.get("items") or ()
    if not items:
        raise MetricsFailure(f"no metrics returned from {which} metrics API")
    return items


def used(item: Mapping[str, Any], resource: str, container: str) -> int | None:
    """What a PodMetrics says of a resource, in thousandths; None if a container does not say."""
    containers = [c for c in item.get("containers") or () if container in ("", c["name"])]
    usages: list[Mapping[str, str]] = [c.get("usage") or {} for c in containers]
    if not usages or any(resource not in usage for usage in usages):
        return None
    return sum(quantity.to_milli(usage[resource]) for usage in usages)


def seconds(duration: str) -> float:
    """Of a duration as Go writes it (`1m30s`, `15.5s`); 0 for what is none."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    total, number, unit = 0.0, "", ""
    for char in f"{duration}0":
        if char.isdigit() or char == ".":
            if unit:
                if unit not in units or not number:
                    return 0.0
                total, number, unit = total + float(number) * units[unit], "", ""
            number += char
        else:
            unit += char
    return total


def _at(item: Mapping[str, Any]) -> datetime:
    return timestamps.parse(str(item["timestamp"]))


def _optional(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}
