"""Limits of a local node: the disk is its user's, who may have filled it long before podo came.

Kubernetes' own percentages would evict Pods on a laptop that is as full as laptops are.
"""

from podo.node.housekeeping.image_gc import ImageLimits

LOCAL_IMAGES = ImageLimits(high=95, low=93)
