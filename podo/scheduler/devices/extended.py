"""Extended resources that a device class stands for (KEP-5004): one claim for all of them that a Pod requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from podo.api import quantity
from podo.api.pod_resources import is_sidecar
from podo.api.resource_claims import EXTENDED
from podo.api.types.core_v1 import Container, ContainerExtendedResourceRequest, Pod
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.api.types.resource_v1 import (
    DeviceClaim,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)

IN_MEMORY = "<extended-resources>"
"""The name of a claim that is not written yet: no claim can be named so."""
Mapped = ContainerExtendedResourceRequest


@dataclass(frozen=True)
class Requests:
    """What is requested of devices, and which container's resource each request is for."""

    requests: tuple[DeviceRequest, ...]
    mappings: tuple[Mapped, ...]


def claim_of(pod: Pod) -> ResourceClaim:
    """The claim for a Pod's extended resources, before it is known what of them a node has otherwise."""
    meta = pod.metadata
    owner = OwnerReference(api_version="v1", kind="Pod", name=meta.name, uid=meta.uid, controller=True)
    return ResourceClaim(
        metadata=ObjectMeta(
            name=IN_MEMORY,
            namespace=meta.namespace,
            uid=f"extended resources of {meta.uid}",
            generate_name=f"{meta.name}-extended-resources-",
            owner_references=(owner,),
            annotations={EXTENDED: "true"},
        )
    )


def is_extended(claim: ResourceClaim) -> bool:
    """Whether a claim stands for extended resources."""
    return claim.metadata.annotations.get(EXTENDED) == "true"


def with_requests(claim: ResourceClaim, requests: Requests) -> ResourceClaim:
    """The claim with what is requested on a node."""
    spec = ResourceClaimSpec(devices=DeviceClaim(requests=requests.requests))
    return msgspec.structs.replace(claim, spec=spec)


def requests_for(pod: Pod, classes: Mapping[str, str]) -> Requests:
    """The requests for the resources that `classes` maps to device classes.

    Init containers that end use what later containers have, and share what they need beyond that.
    """
    requests: list[DeviceRequest] = []
    mappings: list[Mapped] = []
    for resource in sorted(classes):
        found = _of_resource(pod, resource, classes[resource])
        requests += found.requests
        mappings += found.mappings
    return Requests(tuple(sorted(requests, key=lambda request: request.name)), tuple(mappings))


def _of_resource(pod: Pod, resource: str, class_name: str) -> Requests:
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    ends = {i for i, c in enumerate(pod.spec.init_containers) if not is_sidecar(c)}
    lasting: dict[int, DeviceRequest] = {}
    mappings: list[Mapped] = []
    for i, container in enumerate(containers):
        number = _number(container, resource)
        if i not in ends and number:
            lasting[i] = _request(i, container, resource, class_name, number)
            mappings.append(_mapping(container, resource, lasting[i].name))
    extra: list[DeviceRequest] = []
    borrowed: list[tuple[Container, str]] = []
    for i in sorted(ends):
        container = containers[i]
        later = [request for j, request in lasting.items() if j >= i]
        used, short = _borrow(later, _number(container, resource))
        borrowed += [(container, name) for name in used]
        if short:
            extra.append(_request(i, container, resource, class_name, short))
            borrowed.append((container, extra[-1].name))
    most = max(extra, key=_count) if extra else None
    names = {request.name: most.name for request in extra} if most is not None else {}
    mappings += [_mapping(container, resource, names.get(name, name)) for container, name in borrowed]
    return Requests((*([most] if most is not None else []), *lasting.values()), tuple(mappings))


def _borrow(later: Iterable[DeviceRequest], number: int) -> tuple[list[str], int]:
    """(the requests whose devices are used, how many devices are missing)."""
    used: list[str] = []
    for request in later:
        if number <= 0:
            break
        used.append(request.name)
        number -= _count(request)
    return used, max(number, 0)


def _count(request: DeviceRequest) -> int:
    return (request.exactly.count or 0) if request.exactly else 0


def _number(container: Container, resource: str) -> int:
    requests = container.resources.requests if container.resources else {}
    return quantity.to_int(requests.get(resource, "0"))


def _request(index: int, container: Container, resource: str, class_name: str, count: int) -> DeviceRequest:
    names: Sequence[str] = sorted(container.resources.requests) if container.resources else []
    exactly = ExactDeviceRequest(device_class_name=class_name, allocation_mode="ExactCount", count=count)
    return DeviceRequest(name=f"container-{index}-request-{names.index(resource)}", exactly=exactly)


def _mapping(container: Container, resource: str, request: str) -> Mapped:
    return Mapped(container_name=container.name, resource_name=resource, request_name=request)
