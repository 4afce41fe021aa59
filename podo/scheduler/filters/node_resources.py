"""A node must have what the Pod requests, beside what its Pods have requested already."""

import numpy as np

from podo.scheduler.plugin import NODE, POD_GONE, Verdict
from podo.scheduler.requests import PODS, PodInfo
from podo.scheduler.snapshot import Mask, Snapshot

TOO_MANY_PODS = "Too many pods"


class NodeResources:
    name = "NodeResourcesFit"
    helped_by = frozenset((NODE, POD_GONE))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        reasons: dict[str, Mask] = {}
        short = snapshot.requested[PODS] + 1 > snapshot.allocatable[PODS]
        fits: Mask = ~short
        hopeless: Mask = np.zeros(snapshot.size, bool)
        reasons[TOO_MANY_PODS] = short
        for name, wanted in pod.requests.items():
            if not wanted:
                continue
            snapshot.ensure_resource(name)
            short = snapshot.requested[name] + wanted > snapshot.allocatable[name]
            if snapshot.devices.class_for(name):  # a node without any may have devices for it
                short &= snapshot.allocatable[name] > 0
            reasons[f"Insufficient {name}"] = short
            fits = np.logical_and(fits, ~short)
            hopeless = np.logical_or(hopeless, short & (wanted > snapshot.allocatable[name]))
        return Verdict(fits, reasons, hopeless)
