"""AppArmor: whether the kernel enforces it, which profiles it has, and one of our own for containers that name none.

Profiles of the type Localhost are the administrator's: they must be loaded already. RuntimeDefault is `podo-default`,
loaded by apparmor_parser when the first agent of a machine starts, and unloaded with its last cluster.
"""

import logging
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)
DEFAULT = "podo-default"
ENABLED = Path("/sys/module/apparmor/parameters/enabled")
PROFILES = Path("/sys/kernel/security/apparmor/profiles")
PATIENCE = 30.0  # seconds for the parser
PROFILE = f"""#include <tunables/global>

profile {DEFAULT} flags=(attach_disconnected,mediate_deleted) {{
  #include <abstractions/base>

  network,
  capability,
  file,
  umount,
  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send,receive) peer={DEFAULT},
  ptrace (trace,read,tracedby,readby) peer={DEFAULT},

  deny mount,
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
  deny @{{PROC}}/* w,
  deny @{{PROC}}/sysrq-trigger rwklx,
  deny @{{PROC}}/kcore rwklx,
  deny @{{PROC}}/kmem rwklx,
  deny @{{PROC}}/mem rwklx,
  deny @{{PROC}}/sys/[^kn]** w,
  deny @{{PROC}}/sys/kernel/{{?,??,[^s][^h][^m]**}} w,
}}
"""


@dataclass(frozen=True)
class AppArmor:
    """`default` is the profile of containers that name none; "" where it could not be loaded."""

    enabled: bool = False
    default: str = ""


NO_APPARMOR = AppArmor()


def enabled(parameter: Path = ENABLED) -> bool:
    """Whether the kernel enforces profiles."""
    try:
        return parameter.read_text().startswith("Y")
    except OSError:
        return False


def loaded(profiles: Path = PROFILES) -> frozenset[str]:
    """The names of the profiles that the kernel has."""
    try:
        lines = profiles.read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(line.rpartition(" (")[0] for line in lines if line.endswith(")"))


def prepare(parameter: Path = ENABLED, profiles: Path = PROFILES) -> AppArmor:
    """What this machine has; loads our profile if it is not there (blocks briefly)."""
    if not enabled(parameter):
        return AppArmor()
    if DEFAULT in loaded(profiles) or _load():
        return AppArmor(enabled=True, default=DEFAULT)
    return AppArmor(enabled=True)


def remove(profiles: Path = PROFILES) -> None:
    """Take our profile out of the kernel, if it is there; when nothing runs under it any more."""
    if DEFAULT in loaded(profiles):
        _parse("-R")


def _load() -> bool:
    done = _parse("-Kr")
    if not done:
        log.warning("containers without an AppArmor profile of their own have none")
    return done


def _parse(action: str) -> bool:
    """Have apparmor_parser do something with our profile; what hinders it is logged."""
    parser = shutil.which("apparmor_parser")
    if parser is None:
        log.warning("there is no apparmor_parser: apt install apparmor")
        return False
    try:
        done = subprocess.run([parser, action], input=PROFILE.encode(), capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("apparmor_parser %s %s: %s", action, DEFAULT, error)
        return False
    if done.returncode:
        log.warning("apparmor_parser %s %s: %s", action, DEFAULT, done.stderr.decode(errors="replace"))
    return not done.returncode
