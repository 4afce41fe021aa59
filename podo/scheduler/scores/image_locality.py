"""Prefer nodes that have the Pod's images, the more so the larger they are and the more nodes have them."""

import numpy as np

from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot

LEAST, MOST_EACH = 23 * 1024 * 1024, 1000 * 1024 * 1024  # bytes; below the first an image counts nothing


class ImageLocality:
    name = "ImageLocality"

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        spec = pod.pod.spec
        containers = (*spec.init_containers, *spec.containers)
        names = [c.image for c in containers]
        names += [v.image.reference for v in spec.volumes if v.image is not None]
        found, nodes = np.zeros(snapshot.size, np.float64), len(snapshot)
        for name in names:
            sizes = snapshot.images.sizes(name)
            for row, size in sizes.items():
                found[row] += int(size * (len(sizes) / nodes))
        if not found.any():
            return None
        most = MOST_EACH * len(containers)
        return np.floor((np.clip(found, LEAST, most) - LEAST) * 100 / (most - LEAST))
