"""Limits of a local node: the disk is its user's, who may have filled it long before podo came.

Kubernetes' own percentages would evict Pods on a laptop that is as full as laptops are.
"""

from podo.node.eviction import thresholds
from podo.node.eviction.thresholds import EvictionLimits
from podo.node.housekeeping.image_gc import ImageLimits

LOCAL_IMAGES = ImageLimits(high=95, low=93)
LOCAL_EVICTION = EvictionLimits(
    hard={
        thresholds.MEMORY: "100Mi",
        thresholds.NODE_FS: "1Gi",
        thresholds.NODE_INODES: "1%",
        thresholds.IMAGE_FS: "1Gi",
        thresholds.IMAGE_INODES: "1%",
        thresholds.PIDS: "1000",
    }
)
