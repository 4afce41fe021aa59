"""What specifications depend on, read from this machine once."""

import os
from pathlib import Path

from podo.node.cgroups.detect import CgroupSetup
from podo.node.images.manifest import architecture
from podo.node.runtime import apparmor, seccomp
from podo.node.runtime.capabilities import possible_here
from podo.node.runtime.devices import host_devices
from podo.node.runtime.spec import Machine


def this_machine(setup: CgroupSetup) -> Machine:
    """Blocks briefly."""
    capabilities = possible_here()
    own_score = int(Path("/proc/self/oom_score_adj").read_text())
    return Machine(
        cgroup_v2=setup.pure_v2,
        swap_accounting=_swap_accounting(setup),
        oom_score_adj_min=-1000 if "SYS_RESOURCE" in capabilities else own_score,
        capabilities=capabilities,
        apparmor=apparmor.prepare(),
        host_devices=host_devices(),
    )


def seccomp_machine() -> seccomp.Machine:
    """Architecture and kernel, for the conditions of seccomp profiles."""
    major, minor, *_ = os.uname().release.split(".")
    return seccomp.Machine(architecture(), (int(major), int(minor)))


def _swap_accounting(setup: CgroupSetup) -> bool:
    """The root group of v2 has no memory files: look at any below it."""
    if not setup.pure_v2:
        memory = setup.mounts.get("memory")
        return bool(memory) and Path(memory or "", "memory.memsw.limit_in_bytes").exists()
    return any(Path(setup.unified).glob("*/memory.swap.max"))
