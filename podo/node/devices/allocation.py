"""Which devices a container gets. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from podo.api import quantity
from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import Container, Pod


class NotAllocated(Exception):
    """A container cannot have its devices; the text is what the Pod's status says."""


@dataclass(frozen=True)
class Offer:
    """The devices of a resource: all that are known, those that are healthy, and those that other Pods have."""

    known: frozenset[str]
    healthy: frozenset[str]
    taken: frozenset[str] = frozenset()


def wanted(pod: Pod, resources: Iterable[str]) -> Iterator[tuple[Container, bool, str, int]]:
    """(container, whether what it has may be used again by those after it, resource, how many), in their order."""
    names = sorted(resources)
    for container, again in (
        *((c, not is_sidecar(c)) for c in pod.spec.init_containers),
        *((c, False) for c in pod.spec.containers),
    ):
        limits = container.resources.limits if container.resources else {}
        for name in names:
            if count := quantity.to_int(limits.get(name, "0")):
                yield container, again, name, count


def candidates(resource: str, count: int, offer: Offer, reusable: frozenset[str]) -> tuple[list[str], list[str]]:
    """(devices that the container gets in any case, those to choose the rest from). Raises NotAllocated."""
    kept = sorted(reusable & offer.known)[:count]
    if len(kept) == count:
        return kept, []
    if not offer.healthy:
        raise NotAllocated(f"no healthy devices present; cannot allocate unhealthy devices {resource}")
    free = sorted(offer.healthy - offer.taken - set(kept))
    missing = count - len(kept)
    if missing > len(free):
        some = f"Requested: {missing}, Available: {len(free)}"
        raise NotAllocated(f"requested number of devices unavailable for {resource}. {some}")
    return kept, free


def chosen(count: int, kept: list[str], free: list[str], preferred: Iterable[str] = ()) -> list[str]:
    """`count` devices: those that are kept, then those that the plug-in prefers, then any."""
    allowed = set(free)
    order = [*kept, *(p for p in preferred if p in allowed), *free]
    return sorted(list(dict.fromkeys(order))[:count])


def amounts(offers: Mapping[str, Offer]) -> tuple[dict[str, str], dict[str, str]]:
    """(capacity, allocatable) as a Node has them."""
    return (
        {name: str(len(offer.known)) for name, offer in offers.items()},
        {name: str(len(offer.healthy)) for name, offer in offers.items()},
    )
