"""A node must have what the Pod requests, beside what its Pods have requested already."""

from collections.abc import Set

import numpy as np

from podo.scheduler.plugin import NODE, POD_GONE, Verdict
from podo.scheduler.requests import PODS, PodInfo
from podo.scheduler.snapshot import Mask, Snapshot

TOO_MANY_PODS = "Too many pods"


class NodeResources:
    name = "NodeResourcesFit"
    helped_by = frozenset((NODE, POD_GONE))

    def __init__(self, ignored: Set[str] = frozenset(), ignored_groups: Set[str] = frozenset()) -> None:
        """What others see to: extended resources by name, or all whose names begin with a group and a slash."""
        self._ignored, self._ignored_groups = ignored, ignored_groups

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        reasons: dict[str, Mask] = {}
        short = snapshot.requested[PODS] + 1 > snapshot.allocatable[PODS]
        fits: Mask = ~short
        hopeless: Mask = np.zeros(snapshot.size, bool)
        reasons[TOO_MANY_PODS] = short
        for name, wanted in pod.requests.items():
            if not wanted or self._is_ignored(name):
                continue
            snapshot.ensure_resource(name)
            short = snapshot.requested[name] + wanted > snapshot.allocatable[name]
            if snapshot.devices.class_for(name):  # a node without any may have devices for it
                short &= snapshot.allocatable[name] > 0
            reasons[f"Insufficient {name}"] = short
            fits = np.logical_and(fits, ~short)
            hopeless = np.logical_or(hopeless, short & (wanted > snapshot.allocatable[name]))
        return Verdict(fits, reasons, hopeless)

    def _is_ignored(self, name: str) -> bool:
        group, slash, _ = name.partition("/")
        return bool(slash) and (name in self._ignored or group in self._ignored_groups)
