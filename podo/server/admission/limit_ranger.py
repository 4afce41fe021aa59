"""LimitRanger: the LimitRanges of a namespace give containers their defaults and bound what they ask for."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from podo.api import quantity
from podo.api.types.core_v1 import LimitRange, LimitRangeItem
from podo.server.admission.base import PODS, group_resource, refuse
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

CLAIMS = ("", "persistentvolumeclaims")
ANNOTATION = "kubernetes.io/limit-ranger"
OF_PODS = frozenset({"cpu", "memory"})
"""What a Pod may ask for as a whole."""
Amounts = Mapping[str, str]


class LimitRanger:
    """For new Pods, resized Pods, and claims."""

    resources = frozenset({PODS, CLAIMS})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        if group_resource(attributes) != PODS or not _concerns(attributes):
            return
        assert attributes.obj is not None
        for limits in await self._lookup.all(LimitRange, attributes.namespace):
            set_defaults(attributes.obj, limits)

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden with all that is out of bounds."""
        if not _concerns(attributes):
            return
        obj = attributes.obj
        assert obj is not None
        errors_of = pod_errors if group_resource(attributes) == PODS else claim_errors
        for limits in await self._lookup.all(LimitRange, attributes.namespace):
            errors = [text for item in limits.spec.limits for text in errors_of(obj, item)]
            if errors:
                refuse(attributes, errors[0] if len(errors) == 1 else f"[{', '.join(dict.fromkeys(errors))}]")


def _concerns(attributes: Attributes) -> bool:
    if attributes.obj is None or (attributes.old or {}).get("metadata", {}).get("deletionTimestamp"):
        return False
    resizes = attributes.subresource == "resize" and attributes.operation is Operation.UPDATE
    if group_resource(attributes) == PODS:
        return resizes or (attributes.operation is Operation.CREATE and not attributes.subresource)
    return attributes.operation in (Operation.CREATE, Operation.UPDATE) and not attributes.subresource


def set_defaults(pod: Object, limits: LimitRange) -> None:
    """Fill in what containers do not say; an annotation says what was filled in."""
    requests: dict[str, str] = {}
    maxima: dict[str, str] = {}
    for item in limits.spec.limits:
        if item.type == "Container":
            requests |= item.default_request
            maxima |= item.default
    notes: list[str] = []
    for field, kind in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(field) or ():
            resources = container.setdefault("resources", {})
            for part, defaults, word in (("requests", requests, "request"), ("limits", maxima, "limit")):
                if missing := sorted(defaults.keys() - (resources.get(part) or {}).keys()):
                    given = {name: defaults[name] for name in missing}
                    resources[part] = given | (resources.get(part) or {})
                    notes.append(f"{', '.join(missing)} {word} for {kind} {container['name']}")
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(notes)}"


def pod_errors(pod: Object, item: LimitRangeItem) -> Iterator[str]:
    """What of a Pod is out of the bounds of one item."""
    spec = pod["spec"]
    if item.type == "Container":
        for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
            resources = container.get("resources") or {}
            yield from _bounds(item, resources.get("requests") or {}, resources.get("limits") or {})
    if item.type == "Pod":
        yield from _bounds(item, pod_total(spec, "requests"), pod_total(spec, "limits"))


def claim_errors(claim: Object, item: LimitRangeItem) -> Iterator[str]:
    """What of a claim is out of the bounds of one item."""
    if item.type != "PersistentVolumeClaim":
        return
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    for name, low in item.min.items():
        yield from _minimum(item.type, name, low, requests, {})
    for name, high in item.max.items():
        head = f"maximum {name} usage per {item.type} is {high}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif quantity.parse(requests[name]) > quantity.parse(high):
            yield f"{head}, but request is {requests[name]}"


def _bounds(item: LimitRangeItem, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, low in item.min.items():
        yield from _minimum(item.type, name, low, requests, limits)
    for name, high in item.max.items():
        yield from _maximum(item.type, name, high, requests, limits)
    for name, most in item.max_limit_request_ratio.items():
        yield from _ratio(item.type, name, most, requests, limits)


def _minimum(type: str, name: str, low: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head, bound = f"minimum {name} usage per {type} is {low}", quantity.parse(low)
    if name not in requests:
        yield f"{head}.  No request is specified"
    elif quantity.parse(requests[name]) < bound:
        yield f"{head}, but request is {requests[name]}"
    elif name in limits and quantity.parse(limits[name]) < bound:
        yield f"{head}, but limit is {limits[name]}"


def _maximum(type: str, name: str, high: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head, bound = f"maximum {name} usage per {type} is {high}", quantity.parse(high)
    if name not in limits:
        yield f"{head}.  No limit is specified"
    elif quantity.parse(limits[name]) > bound:
        yield f"{head}, but limit is {limits[name]}"
    elif name in requests and quantity.parse(requests[name]) > bound:
        yield f"{head}, but request is {requests[name]}"


def _ratio(type: str, name: str, most: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head = f"{name} max limit to request ratio per {type} is {most}"
    request, limit = quantity.parse(requests.get(name, "0")), quantity.parse(limits.get(name, "0"))
    if not request:
        yield f"{head}, but no request is specified or request is 0"
    elif not limit:
        yield f"{head}, but no limit is specified or limit is 0"
    elif limit / request > quantity.parse(most):
        yield f"{head}, but provided ratio is {limit / request:.6f}"


def pod_total(spec: Object, part: str) -> dict[str, str]:
    """What a Pod's containers ask for (`requests`) or may use (`limits`) at most at one time."""
    total: dict[str, Decimal] = {}
    spellings: dict[str, str] = {}
    for container in spec.get("containers") or ():
        _add(total, spellings, _part(container, part))
    sidecars: dict[str, Decimal] = {}
    at_start: dict[str, Decimal] = {}
    for container in spec.get("initContainers") or ():
        own = _part(container, part)
        if container.get("restartPolicy") == "Always":
            _add(total, spellings, own)
            _add(sidecars, spellings, own)
            now = dict(sidecars)
        else:
            now = dict(sidecars)
            _add(now, spellings, own)
        at_start = {name: max(at_start.get(name, Decimal(0)), now.get(name, Decimal(0))) for name in {*at_start, *now}}
    total |= {name: max(total.get(name, amount), amount) for name, amount in at_start.items()}
    shown = {name: _spelled(amount, spellings[name]) for name, amount in total.items()}
    whole = (spec.get("resources") or {}).get(part) or {}
    return shown | {name: amount for name, amount in whole.items() if name in OF_PODS}


def _part(container: Object, part: str) -> Amounts:
    found: Amounts = (container.get("resources") or {}).get(part) or {}
    return found


def _add(total: dict[str, Decimal], spellings: dict[str, str], amounts: Amounts) -> None:
    for name, amount in amounts.items():
        total[name] = total.get(name, Decimal(0)) + quantity.parse(amount)
        spellings.setdefault(name, amount)


def _spelled(amount: Decimal, like: str) -> str:
    """The sum of quantities is written as the first of them: with binary or decimal suffixes."""
    return quantity.format_binary(amount) if like.endswith("i") else quantity.format_decimal(amount)
