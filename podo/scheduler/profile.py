"""The plug-ins in force: a literal list, as kube-scheduler's default profile has them."""

from collections.abc import Sequence
from dataclasses import dataclass

from podo.scheduler.filters.dynamic_resources import DynamicResources
from podo.scheduler.filters.inter_pod_affinity import InterPodAffinity
from podo.scheduler.filters.named_nodes import NamedNodes
from podo.scheduler.filters.node_affinity import NodeAffinity
from podo.scheduler.filters.node_name import NodeName
from podo.scheduler.filters.node_ports import NodePorts
from podo.scheduler.filters.node_resources import NodeResources
from podo.scheduler.filters.node_unschedulable import NodeUnschedulable
from podo.scheduler.filters.taint_toleration import TaintToleration
from podo.scheduler.filters.topology_spread import TopologySpread
from podo.scheduler.filters.volume_binding import VolumeBinding
from podo.scheduler.filters.volume_limits import VolumeLimits
from podo.scheduler.filters.volume_restrictions import VolumeRestrictions
from podo.scheduler.filters.volume_zone import VolumeZone
from podo.scheduler.plugin import Filter, Score
from podo.scheduler.scores import (
    dynamic_resources,
    inter_pod_affinity,
    node_affinity,
    taint_toleration,
    topology_spread,
)
from podo.scheduler.scores.balanced_allocation import BalancedAllocation
from podo.scheduler.scores.image_locality import ImageLocality
from podo.scheduler.scores.least_allocated import LeastAllocated


@dataclass(frozen=True)
class Profile:
    """Filters in the order in which they are asked; scores with their weights; whether others go for a Pod."""

    filters: Sequence[Filter]
    scores: Sequence[tuple[Score, float]]
    preempts: bool = True


DEFAULT = Profile(
    filters=(
        NamedNodes(),
        NodeUnschedulable(),
        NodeName(),
        TaintToleration(),
        NodeAffinity(),
        NodePorts(),
        NodeResources(),
        VolumeRestrictions(),
        VolumeLimits(),
        VolumeBinding(),
        VolumeZone(),
        TopologySpread(),
        InterPodAffinity(),
        DynamicResources(),
    ),
    scores=(
        (taint_toleration.TaintToleration(), 3),
        (node_affinity.NodeAffinity(), 2),
        (LeastAllocated(), 1),
        (BalancedAllocation(), 1),
        (topology_spread.TopologySpread(), 2),
        (inter_pod_affinity.InterPodAffinity(), 2),
        (dynamic_resources.DynamicResources(), 2),
        (ImageLocality(), 1),
    ),
)
