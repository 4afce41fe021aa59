"""What the containers of a Pod need together (KEP-753): scheduler and node agent count alike. Pure."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from podo.api.types.core_v1 import Container, PodSpec

N = TypeVar("N", int, Decimal)


def is_sidecar(container: Container) -> bool:
    """Whether an init container runs on beside the containers."""
    return container.restart_policy == "Always"


def total(spec: PodSpec, need: Callable[[Container], Mapping[str, N]]) -> dict[str, N]:
    """By resource: the sum of containers and sidecars, or what an init container needs beside sidecars before it."""
    running: dict[str, N] = {}
    for container in spec.containers:
        add(running, need(container))
    sidecars: dict[str, N] = {}
    peak: dict[str, N] = {}
    for container in spec.init_containers:
        if is_sidecar(container):
            add(sidecars, need(container))
            _raise_to(peak, sidecars)
        else:
            moment = dict(sidecars)
            add(moment, need(container))
            _raise_to(peak, moment)
    add(running, sidecars)
    _raise_to(running, peak)
    return running


def add(amounts: dict[str, N], more: Mapping[str, N]) -> None:
    """Add `more` to `amounts`, in place."""
    for name, number in more.items():
        amounts[name] = amounts[name] + number if name in amounts else number


def _raise_to(amounts: dict[str, N], least: Mapping[str, N]) -> None:
    for name, number in least.items():
        amounts[name] = max(amounts[name], number) if name in amounts else number
