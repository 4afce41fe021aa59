"""Which control groups this machine has: a pure function of /proc/self/mountinfo and a few files, and its reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from podo.node.mounts import unescaped

V1_CONTROLLERS = frozenset({"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb"})
NEEDED_V1 = ("cpu", "cpuacct", "memory", "devices", "freezer", "pids")
NEEDED_V2 = ("cpu", "memory", "pids")


class Version(Enum):
    """HYBRID: the controllers are v1's, and v2 is mounted beside them, maybe with a few of its own."""

    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class CgroupSetup:
    """`mounts` is controller → mount point (v1 and "name=systemd"); `unified` is v2's, "" without one."""

    version: Version
    mounts: Mapping[str, str] = field(default_factory=dict)
    unified: str = ""
    unified_controllers: tuple[str, ...] = ()
    readonly: bool = False

    @property
    def pure_v2(self) -> bool:
        """Whether crun can be used."""
        return self.version is Version.V2

    @property
    def missing(self) -> tuple[str, ...]:
        """Controllers that podo needs and the machine lacks."""
        if self.version is Version.V2:
            return tuple(c for c in NEEDED_V2 if c not in self.unified_controllers)
        return tuple(c for c in NEEDED_V1 if c not in self.mounts)


def parse_setup(mountinfo: str, unified_controllers: str = "") -> CgroupSetup:
    """From /proc/self/mountinfo and the root's cgroup.controllers (of the v2 mount)."""
    mounts: dict[str, str] = {}
    unified, readonly = "", False
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point, options = unescaped(before.split()[4]), before.split()[5].split(",")
        kind, _, super_options = [*after.split(maxsplit=2), "", "", ""][:3]
        if kind == "cgroup2":
            unified, readonly = unified or point, readonly or "ro" in options
        elif kind == "cgroup":
            names = [o for o in super_options.split(",") if o in V1_CONTROLLERS or o.startswith("name=")]
            mounts |= {name: point for name in names if name not in mounts}
            readonly = readonly or "ro" in options
    controllers = tuple(unified_controllers.split())
    if V1_CONTROLLERS & set(mounts):
        version = Version.HYBRID if unified else Version.V1
    else:
        version = Version.V2 if unified else Version.NONE
    return CgroupSetup(
        version=version, mounts=mounts, unified=unified, unified_controllers=controllers, readonly=readonly
    )


def detect(proc: Path = Path("/proc")) -> CgroupSetup:
    """This machine's set-up."""
    text = (proc / "self/mountinfo").read_text()
    found = parse_setup(text)
    if not found.unified:
        return found
    try:
        return parse_setup(text, (Path(found.unified) / "cgroup.controllers").read_text())
    except OSError:
        return found


def problem(setup: CgroupSetup) -> str:
    """What podo cannot work with, and its fix, in a sentence; "" if all is well."""
    if setup.version is Version.NONE:
        return "no control groups are mounted: mount cgroup2 at /sys/fs/cgroup"
    if setup.readonly:
        return "control groups are mounted read-only: run podo with a writable /sys/fs/cgroup"
    if setup.missing:
        kernel = "cgroup_enable=" + ",".join(setup.missing)
        return f"control group controllers are missing: {', '.join(setup.missing)} (kernel command line: {kernel})"
    return ""
