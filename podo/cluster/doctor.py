"""What podo needs of a machine, whether it is there, and how to mend it. Each check is one row of `CHECKS`."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from podo.cluster import firewall
from podo.cluster.errors import ClusterError
from podo.network.names import DEFAULT_CLUSTER, bridge_name
from podo.node.cgroups.detect import detect, problem

CONNECTIONS_FULL = 0.9  # of the table, from where on it is a matter for the doctor


@dataclass(frozen=True)
class Finding:
    """The outcome of one check. `fix` says what to do and is "" where all is well."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    package: str = ""  # the Debian package that `podo setup` installs for it


def run(*command: str) -> tuple[int, str]:
    """Exit status and output of a short command; 127 if it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return 127, f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return 124, f"{command[0]} did not answer within 10 seconds"
    return done.returncode, (done.stdout + done.stderr).strip()


def program(name: str, package: str, what_for: str, *version: str) -> Callable[[], Finding]:
    """A check for a program that must start; its first line of output is shown."""

    def check() -> Finding:
        if shutil.which(name) is None:
            missing = f"not installed; needed to {what_for}"
            return Finding(name, False, missing, f"apt-get install {package}, or: podo setup", package)
        status, output = run(name, *(version or ("--version",)))
        first = output.partition("\n")[0]
        return Finding(name, status == 0, first, "" if status == 0 else f"apt-get install --reinstall {package}")

    return check


def root() -> Finding:
    """Namespaces, mounts and nftables need root."""
    ok = os.geteuid() == 0
    return Finding("root", ok, "running as root" if ok else f"running as uid {os.geteuid()}", "" if ok else "use sudo")


def python() -> Finding:
    """The interpreter."""
    ok = sys.version_info >= (3, 11)
    return Finding("python", ok, platform.python_version(), "" if ok else "install Python 3.11 or newer")


def runtime() -> Finding:
    """One of crun and runc must be there and accept the machine's cgroups."""
    found = [name for name in ("crun", "runc") if shutil.which(name)]
    if not found:
        return Finding("runtime", False, "neither crun nor runc", "apt-get install crun runc, or: podo setup", "crun")
    setup = detect()
    if found == ["crun"] and not setup.pure_v2:
        fix = "apt-get install runc, or: podo setup"
        return Finding("runtime", False, f"crun refuses {setup.version.value} cgroups", fix, "runc")
    chosen = "crun" if "crun" in found and setup.pure_v2 else "runc" if "runc" in found else found[0]
    return Finding("runtime", True, f"{chosen} ({run(chosen, '--version')[1].partition(chr(10))[0]})")


def cgroups() -> Finding:
    """The controllers that limits and accounting need."""
    setup = detect()
    what, _, fix = problem(setup).partition(": ")
    return Finding("cgroups", not what, what or setup.version.value, fix or what)


def overlay() -> Finding:
    """Container root file systems are overlay mounts."""
    ok = "overlay" in Path("/proc/filesystems").read_text().split() or run("modprobe", "overlay")[0] == 0
    return Finding("overlayfs", ok, "available" if ok else "the kernel has none", "" if ok else "modprobe overlay")


def nftables() -> Finding:
    """The kernel side: a throw-away table with the expressions that Services use, checked and not applied."""
    chain = "type nat hook output priority 0; numgen random mod 2 vmap { 0 : accept };"
    rules = f"table ip podo_check {{ chain c {{ {chain} }}; }}\n"
    try:
        done = subprocess.run(["nft", "-c", "-f", "-"], input=rules, capture_output=True, text=True, timeout=10)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return Finding("nftables", False, "nft does not run", "apt-get install nftables, or: podo setup", "nftables")
    detail = done.stderr.strip().partition("\n")[0] or "NAT, maps and numgen work"
    fix = "" if done.returncode == 0 else "run as root on a kernel with nf_tables, nft_nat, nft_numgen"
    return Finding("nftables", done.returncode == 0, detail, fix)


def forwarding() -> Finding:
    """Pods on several nodes need IP forwarding; `podo up` switches it on."""
    path = Path("/proc/sys/net/ipv4/ip_forward")
    ok = os.access(path, os.W_OK) or path.read_text().strip() == "1"
    return Finding("ip_forward", ok, "on, or podo up can switch it on" if ok else "off", "" if ok else "run as root")


def other_firewalls() -> Finding:
    """Chains of others that drop what they do not know would drop what Pods send and get."""
    bridge = bridge_name(DEFAULT_CLUSTER)
    found = firewall.dropping(firewall.inspect(), [bridge])
    if not found:
        return Finding("firewall", True, "no other firewall drops what it does not know")
    listed = ", ".join(f"chain {each.chain} of table {each.family} {each.table}" for each in found)
    fix = "; ".join(firewall.remedy(each, bridge) for each in found)
    return Finding("firewall", False, f"{listed} drops what nodes and Pods send", fix)


def connections(folder: Path = Path("/proc/sys/net/netfilter")) -> Finding:
    """The kernel's table of connections: once it is full, new connections to Pods and Services are dropped silently."""
    try:
        most, count = (int((folder / f"nf_conntrack_{each}").read_text()) for each in ("max", "count"))
    except (OSError, ValueError):
        return Finding("conntrack table", True, "no connections are tracked yet")
    detail = f"{count:,} of {most:,} connections"
    if count < most * CONNECTIONS_FULL:
        return Finding("conntrack table", True, detail)
    fix = f"sysctl -w net.netfilter.nf_conntrack_max={most * 2}"
    return Finding("conntrack table", False, f"{detail}: new ones are dropped when it is full", fix)


CHECKS: tuple[Callable[[], Finding], ...] = (
    root,
    python,
    runtime,
    program("conmon", "conmon", "keep containers running over restarts"),
    program("nft", "nftables", "balance Services"),
    program("skopeo", "skopeo", "pull images"),
    program("buildah", "buildah", "build images"),
    program("haproxy", "haproxy", "serve Ingresses", "-v"),
    program("conntrack", "conntrack", "forget connections to Pods that are gone"),
    cgroups,
    overlay,
    nftables,
    forwarding,
    other_firewalls,
    connections,
)

# What a cluster cannot start without; the rest is needed only for some commands.
ESSENTIAL = frozenset({"root", "python", "runtime", "conmon", "nft", "cgroups", "overlayfs", "nftables", "ip_forward"})


def examine(checks: Iterable[Callable[[], Finding]] = CHECKS) -> list[Finding]:
    """Every finding, in order."""
    return [check() for check in checks]


def quick_complaint() -> ClusterError | None:
    """The first essential piece that is missing, found without starting a program."""
    if os.geteuid() != 0:
        return ClusterError("podo needs root: it makes network namespaces, mounts and cgroups", hint="use sudo")
    programs = [name for name in ("conmon", "nft") if shutil.which(name) is None]
    if not (shutil.which("crun") or shutil.which("runc")):
        programs.append("crun or runc")
    hint = "podo doctor names each missing piece; podo setup installs them"
    if programs:
        return ClusterError(f"not installed: {', '.join(programs)}", hint=hint)
    what = problem(detect())
    return ClusterError(what, hint=hint) if what else None


def disk_complaint(folder: Path, least: int) -> ClusterError | None:
    """What to say if the disk that `folder` is on, or will be, has fewer than `least` bytes left."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    figures = os.statvfs(there)
    free = figures.f_bavail * figures.f_frsize
    if free >= least:
        return None
    hint = f"free some space (df -h {there}), or keep the cluster elsewhere: --state-dir DIR"
    return ClusterError(
        f"the disk is full: {there} has {free >> 10} KiB left, of {least >> 10} that are needed", hint=hint
    )


def missing_packages(findings: Iterable[Finding]) -> list[str]:
    """The Debian packages that would mend what a package can mend."""
    return sorted({f.package for f in findings if not f.ok and f.package})
