"""Two Pods cannot take the same port of one node."""

import numpy as np

from podo.api.host_ports import collide
from podo.scheduler.plugin import NODE, POD_GONE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts:
    name = "NodePorts"
    helped_by = frozenset((NODE, POD_GONE))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        if not pod.host_ports:
            return None
        fits = np.ones(snapshot.size, bool)
        for item in snapshot.nodes():
            if item.ports and collide(pod.host_ports, item.ports):
                fits[item.row] = False
        return Verdict(fits, {REASON: ~fits})
