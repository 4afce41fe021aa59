"""Requests and limits of a Pod as a whole: sums over its containers, and the defaults of pod-level resources."""

from decimal import Decimal
from typing import Any

from podo.api import quantity

Object = dict[str, Any]
Amounts = dict[str, Decimal]
HUGE_PAGES = "hugepages-"


def is_pod_level(name: str) -> bool:
    """Whether a whole Pod may ask for this resource."""
    return name in ("cpu", "memory") or name.startswith(HUGE_PAGES)


def aggregate(spec: Object, which: str) -> dict[str, str]:
    """What the containers of a PodSpec need at most at one time; `which` is requests or limits."""
    texts: dict[str, str] = {}
    total: Amounts = {}
    for container in spec["containers"] or ():
        _add(total, container["resources"].get(which), texts)
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers", ()):
        amounts = container["resources"].get(which)
        if container.get("restartPolicy") == "Always":
            _add(total, amounts, texts)
            _add(sidecars, amounts, texts)
            moment = sidecars
        else:
            moment = dict(sidecars)
            _add(moment, amounts, texts)
        _max(peak, moment)
    _max(total, peak)
    return {name: _spelled(value, texts[name]) for name, value in total.items()}


def _add(total: Amounts, amounts: dict[str, str] | None, texts: dict[str, str]) -> None:
    for name, text in (amounts or {}).items():
        texts.setdefault(name, text)
        total[name] = total.get(name, Decimal(0)) + quantity.parse(text)


def _max(total: Amounts, other: Amounts) -> None:
    for name, value in other.items():
        total[name] = max(total.get(name, value), value)


def _spelled(value: Decimal, like: str) -> str:
    """A sum keeps the sort of suffix of its first part."""
    return quantity.format_binary(value) if like.endswith("i") else quantity.format_decimal(value)


def default_pod_level_resources(spec: Object) -> None:
    """Fill in the requests and huge page limits of the Pod as a whole, if it states any resources itself."""
    resources = spec.get("resources")
    if not resources or not (resources.get("limits") or resources.get("requests")):
        return
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for name, text in aggregate(spec, "limits").items():
        if name.startswith(HUGE_PAGES) and name not in requests:
            limits.setdefault(name, text)
    if limits:
        resources["limits"] = limits
    else:
        return
    for name, text in aggregate(spec, "requests").items():
        if name in ("cpu", "memory"):  # huge pages cannot be overcommitted
            requests.setdefault(name, text)
    for name, text in limits.items():
        if is_pod_level(name):
            requests.setdefault(name, text)
    if requests:
        resources["requests"] = requests
