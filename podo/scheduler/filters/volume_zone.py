"""A volume that is labelled with a zone or region is used only there; several are joined by two underscores."""

import numpy as np

from podo.scheduler.node_terms import matches_labels
from podo.scheduler.plugin import NODE, VOLUME, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) had no available volume zone"
PLACES = (
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
)


class VolumeZone:
    name = "VolumeZone"
    helped_by = frozenset((NODE, VOLUME))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        fits = np.ones(snapshot.size, bool)
        for volume in snapshot.storage.of_pod(pod).bound:
            for key in PLACES:
                if key in volume.metadata.labels:
                    there = np.zeros(snapshot.size, bool)
                    for value in volume.metadata.labels[key].split("__"):
                        there |= matches_labels({key: value}, snapshot)
                    fits &= there
        return None if fits.all() else Verdict(fits, {REASON: ~fits}, hopeless=~fits)
