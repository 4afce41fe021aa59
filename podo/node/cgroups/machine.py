"""The `Cgroups` of this machine."""

from pathlib import Path

from podo.node.cgroups.base import CgroupFailure, Cgroups
from podo.node.cgroups.detect import CgroupSetup, Version, detect
from podo.node.cgroups.v1 import CgroupsV1
from podo.node.cgroups.v2 import CgroupsV2


def open_cgroups(setup: CgroupSetup | None = None) -> Cgroups:
    """Raises CgroupFailure if there are none."""
    found = setup or detect()
    if found.version is Version.NONE:
        raise CgroupFailure("no control groups are mounted")
    if found.version is Version.V2:
        return CgroupsV2(Path(found.unified))
    unified = {"unified": found.unified} if found.unified else {}
    return CgroupsV1({**found.mounts, **unified})
