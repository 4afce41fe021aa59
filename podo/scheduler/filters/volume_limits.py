"""A node attaches no more volumes of a driver than the driver says in its CSINode."""

import numpy as np

from podo.scheduler.plugin import NODE, POD_GONE, VOLUME, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import NodeRow, Snapshot
from podo.scheduler.volumes import StorageView
from podo.storage.matching import class_of

REASON = "node(s) exceed max volume count"


class VolumeLimits:
    name = "NodeVolumeLimits"
    helped_by = frozenset((NODE, POD_GONE, VOLUME))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        wanted = attached(pod, snapshot.storage)
        if not wanted:
            return None
        fits = np.ones(snapshot.size, bool)
        for csi_node in snapshot.storage.nodes:
            item = snapshot.row_of(csi_node.metadata.name)
            limits = {d.name: d.allocatable.count for d in csi_node.spec.drivers if d.allocatable}
            if item is not None and any(limits.get(driver) is not None for driver, _ in wanted):
                fits[item.row] = not _exceeds(wanted, item, limits, snapshot.storage)
        return None if fits.all() else Verdict(fits, {REASON: ~fits})


def attached(pod: PodInfo, storage: StorageView) -> set[tuple[str, str]]:
    """The volumes of drivers that a Pod needs: (driver, what tells it from others)."""
    found = storage.of_pod(pod)
    there = {(v.spec.csi.driver, v.spec.csi.volume_handle) for v in found.bound if v.spec.csi is not None}
    for claim in found.waiting:
        if (cls := storage.classes.get(class_of(claim))) is not None:
            there.add((cls.provisioner, f"claim {claim.metadata.uid}"))
    return there


def _exceeds(wanted: set[tuple[str, str]], item: NodeRow, limits: dict[str, int | None], storage: StorageView) -> bool:
    there = set().union(*(attached(other, storage) for other in item.pods.values()))
    for driver in {d for d, _ in wanted}:
        limit, all_of = limits.get(driver), {v for v in wanted | there if v[0] == driver}
        if limit is not None and len(all_of) > limit and not wanted <= there:
            return True
    return False
