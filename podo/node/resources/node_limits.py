"""The cgroup of a whole node, if its capacity is less than the machine's. Pure."""

from collections.abc import Mapping

from podo.api import quantity
from podo.node.resources.limits import QUOTA_PERIOD, cpu_quota
from podo.node.runtime.config import LinuxResources


def node_limits(capacity: Mapping[str, str], *, cpu: str, memory: str) -> LinuxResources | None:
    """Limits for what was set; None if the node has all of the machine."""
    if not (cpu or memory):
        return None
    return LinuxResources(
        cpu_quota=cpu_quota(quantity.to_milli(capacity["cpu"])) if cpu else 0,
        cpu_period=QUOTA_PERIOD if cpu else 0,
        memory_limit=quantity.to_int(capacity["memory"]) if memory else 0,
    )
