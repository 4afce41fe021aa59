"""A node must have what the Pod requests, beside what its Pods have requested already."""

import numpy as np

from podo.scheduler.plugin import Verdict
from podo.scheduler.requests import PODS, PodInfo
from podo.scheduler.snapshot import Mask, Snapshot

TOO_MANY_PODS = "Too many pods"


class NodeResources:
    name = "NodeResourcesFit"

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        reasons: dict[str, Mask] = {}
        short = snapshot.requested[PODS] + 1 > snapshot.allocatable[PODS]
        fits: Mask = ~short
        reasons[TOO_MANY_PODS] = short
        for name, wanted in pod.requests.items():
            if not wanted:
                continue
            snapshot.ensure_resource(name)
            short = snapshot.requested[name] + wanted > snapshot.allocatable[name]
            reasons[f"Insufficient {name}"] = short
            fits = np.logical_and(fits, ~short)
        return Verdict(fits, reasons)
