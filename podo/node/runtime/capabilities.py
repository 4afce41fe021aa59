"""Capabilities of containers: the default set, what a Pod adds and drops, and what this machine can give."""

from collections.abc import Iterable, Set
from pathlib import Path

from podo.node.runtime.config import SecurityContext

_IN_ORDER = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
_DEFAULT = """
    CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL
    AUDIT_WRITE
"""
ALL = tuple(_IN_ORDER.split())  # the place is the kernel's number (capability.h)
DEFAULT = frozenset(_DEFAULT.split())


def granted(security: SecurityContext, possible: Set[str]) -> list[str]:
    """The set of a container, "CAP_…" in kernel order. What the machine itself lacks is left out."""
    add, drop = _names(security.add_capabilities), _names(security.drop_capabilities)
    wanted = set(ALL) if "ALL" in add else set(DEFAULT)
    wanted = (set() if "ALL" in drop else wanted) | add
    wanted = set(ALL) if security.privileged else wanted - drop
    return [f"CAP_{name}" for name in ALL if name in wanted & possible]


def possible_here(status: str | None = None) -> frozenset[str]:
    """What we could hand on: our bounding set (proc(5), `status`: CapBnd)."""
    text = Path("/proc/self/status").read_text() if status is None else status
    mask = next((int(line.split()[1], 16) for line in text.splitlines() if line.startswith("CapBnd:")), 0)
    return frozenset(name for number, name in enumerate(ALL) if mask >> number & 1)


def _names(capabilities: Iterable[str]) -> set[str]:
    return {name.upper().removeprefix("CAP_") for name in capabilities}
