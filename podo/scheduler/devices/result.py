"""A solution as a claim's status has it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from podo.api.types.core_v1 import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from podo.api.types.resource_v1 import (
    AllocationResult,
    DeviceAllocationConfiguration,
    DeviceAllocationResult,
    DeviceClass,
    DeviceRequestAllocationResult,
    ResourceClaim,
)
from podo.scheduler.devices.search import Choice, Option

NAME = "metadata.name"


def allocation(
    claim: ResourceClaim,
    chosen: Sequence[Choice],
    picked: Mapping[int, Option],
    *,
    classes: Callable[[str], DeviceClass | None],
    node: str,
    new_id: Callable[[], str],
) -> AllocationResult:
    """What a claim gets. `picked` has the option chosen for each request; shares get ids of their own."""
    options = [picked[r] for r in sorted(picked)]
    config = (*_of_classes(options, classes), *_of_claim(claim, options))
    devices = DeviceAllocationResult(config=config, results=tuple(_result(choice, new_id) for choice in chosen))
    return AllocationResult(devices=devices, node_selector=node_selector(chosen, node))


def _result(choice: Choice, new_id: Callable[[], str]) -> DeviceRequestAllocationResult:
    wanted, offer = choice.wanted, choice.offer
    return DeviceRequestAllocationResult(
        request=wanted.full_name,
        driver=offer.id.driver,
        pool=offer.id.pool,
        device=offer.id.device,
        admin_access=True if wanted.admin else None,
        tolerations=wanted.tolerations,
        share_id=new_id() if choice.share is not None else "",
        consumed_capacity=choice.share or {},
        binding_conditions=offer.device.binding_conditions,
        binding_failure_conditions=offer.device.binding_failure_conditions,
    )


def _of_classes(
    options: Sequence[Option], classes: Callable[[str], DeviceClass | None]
) -> list[DeviceAllocationConfiguration]:
    """Each class's configurations once, with the requests that they are for."""
    requests: dict[str, list[str]] = {}
    for option in options:
        requests.setdefault(option.wanted.class_name, []).append(option.wanted.full_name)
    return [
        DeviceAllocationConfiguration(source="FromClass", requests=tuple(names), opaque=config.opaque)
        for name, names in requests.items()
        if (found := classes(name)) is not None
        for config in found.spec.config
    ]


def _of_claim(claim: ResourceClaim, options: Sequence[Option]) -> list[DeviceAllocationConfiguration]:
    """The claim's configurations, as far as they are for an option that was chosen."""
    given = claim.spec.devices.config if claim.spec.devices else ()
    return [
        DeviceAllocationConfiguration(source="FromClaim", requests=config.requests, opaque=config.opaque)
        for config in given
        for _ in ([1] if not config.requests else [o for o in options if o.wanted.is_among(config.requests)])
    ]


def node_selector(chosen: Iterable[Choice], node: str) -> NodeSelector | None:
    """The nodes from which the devices can be reached; None: all."""
    fields: list[NodeSelectorRequirement] = []
    expressions: list[NodeSelectorRequirement] = []
    for choice in chosen:
        offer = choice.offer
        place = offer.device if offer.slice.spec.per_device_node_selection else offer.slice.spec
        if place.node_name or offer.device.binds_to_node:
            only = NodeSelectorRequirement(key=NAME, operator="In", values=(node,))
            return NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(only,)),))
        for term in place.node_selector.node_selector_terms if place.node_selector else ():
            _add_new(fields, term.match_fields)
            _add_new(expressions, term.match_expressions)
    if not fields and not expressions:
        return None
    term = NodeSelectorTerm(match_fields=tuple(fields), match_expressions=tuple(expressions))
    return NodeSelector(node_selector_terms=(term,))


def _add_new(have: list[NodeSelectorRequirement], more: Iterable[NodeSelectorRequirement]) -> None:
    known = {(r.key, r.operator, frozenset(r.values)) for r in have}
    have += [r for r in more if (r.key, r.operator, frozenset(r.values)) not in known]
