"""What the machine is: read once from /proc, /sys and /etc (blocking, brief)."""

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "ppc64le": "ppc64le", "s390x": "s390x"}
HUGE_PAGES = Path("/sys/kernel/mm/hugepages")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Bytes and counts of the whole machine; `huge_pages` is bytes by size ("2Mi")."""

    architecture: str
    cpus: int
    memory: int
    disk: int
    kernel: str = ""
    os_image: str = ""
    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    swap: int = 0
    huge_pages: dict[str, int] = field(default_factory=dict)
    user_namespaces: bool = False


def this_machine(disk: Path) -> Machine:
    """The machine that this process runs on; `disk` is a folder on the file system of Pods."""
    memory = _meminfo()
    usage, machine_id = os.statvfs(disk), _first_line("/etc/machine-id")
    return Machine(
        architecture=ARCHITECTURES.get(platform.machine(), platform.machine()),
        cpus=len(os.sched_getaffinity(0)),
        memory=memory.get("MemTotal", 0),
        disk=usage.f_frsize * usage.f_blocks,
        kernel=platform.release(),
        os_image=_os_name(),
        machine_id=machine_id,
        system_uuid=_first_line("/sys/class/dmi/id/product_uuid") or machine_id,  # not all firmware has one
        boot_id=_first_line("/proc/sys/kernel/random/boot_id"),
        swap=memory.get("SwapTotal", 0),
        huge_pages=_huge_pages(),
        user_namespaces=_has_user_namespaces(),
    )


def _has_user_namespaces() -> bool:
    """Whether Pods can have them: tmpfs volumes can be shown with other owners since 6.3."""
    allowed = _first_line("/proc/sys/user/max_user_namespaces") not in ("", "0")
    return allowed and kernel_version(platform.release()) >= (6, 3)


def kernel_version(release: str) -> tuple[int, int]:
    """Of "6.18.4-amd64": (6, 18); (0, 0) for what is none."""
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def _meminfo() -> dict[str, int]:
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {parts[0].rstrip(":"): int(parts[1]) * 1024 for parts in lines if len(parts) > 1}


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text().splitlines()[0].strip()
    except (OSError, IndexError):
        return ""


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def _huge_pages() -> dict[str, int]:
    found = {}
    for folder in HUGE_PAGES.glob("hugepages-*kB"):
        kib = int(folder.name.removeprefix("hugepages-").removesuffix("kB"))
        count = int(_first_line(str(folder / "nr_hugepages")) or 0)
        found[f"{kib >> 20}Gi" if kib >= 1 << 20 else f"{kib >> 10}Mi"] = count * kib * 1024
    return found
