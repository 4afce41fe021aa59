"""A claim with access mode ReadWriteOncePod is used by one Pod in the whole cluster (KEP-2485)."""

import numpy as np

from podo.scheduler.plugin import POD_GONE, VOLUME, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot
from podo.storage.pod_claims import claims_of

REASON = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)


class VolumeRestrictions:
    name = "VolumeRestrictions"
    helped_by = frozenset((POD_GONE, VOLUME))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        for key in claims_of(pod.pod):
            if snapshot.users_of(key):
                claim = snapshot.storage.claims.get(key.name, key.namespace)
                if claim is not None and "ReadWriteOncePod" in claim.spec.access_modes:
                    none = np.zeros(snapshot.size, bool)
                    return Verdict(none, {REASON: ~none})
        return None
