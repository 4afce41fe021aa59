"""The limits that a container has because its Pod as a whole has them (KEP-2837). Pure."""

from msgspec.structs import replace

from podo.api import quantity
from podo.api.types.core_v1 import ResourceRequirements

HUGE_PAGES = "hugepages-"
NOTHING = ResourceRequirements()


def with_shared_limits(own: ResourceRequirements | None, whole: ResourceRequirements | None) -> ResourceRequirements:
    """A container's resources; where it sets no limit of its own, the Pod's limit is its limit, too."""
    own = own or NOTHING
    if whole is None or not whole.limits:
        return own
    shared = {
        name: value
        for name, value in whole.limits.items()
        if _is_shared(name) and not quantity.parse(own.limits.get(name, "0"))
    }
    return replace(own, limits=own.limits | shared) if shared else own


def _is_shared(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith(HUGE_PAGES)
