"""What a cluster may leave on a machine, found without podo's help."""

import os
import subprocess
from pathlib import Path

CGROUPS, PROC = Path("/sys/fs/cgroup"), Path("/proc")


def network() -> set[str]:
    """Links, addresses, routes, rules and nft tables of the namespace that the tests run in; all clusters' together."""
    commands = ("ip -br link", "ip route show table all", "ip -6 route show table all", "ip rule", "nft list tables")
    return {f"{command}: {line.strip()}" for command in commands for line in _lines(command)}


def _lines(command: str) -> list[str]:
    return subprocess.run(command.split(), capture_output=True, text=True, check=False).stdout.splitlines()


def of_cluster(name: str, state: Path | None = None) -> list[str]:
    """Processes, mounts, cgroups, namespaces and folders that bear a cluster's name, one line each."""
    folders = [Path("/run/podo") / name, state or Path("/var/lib/podo") / name]
    found = [f"folder {folder}" for folder in folders if folder.exists()]
    mounts = (PROC / "self/mounts").read_text().splitlines()
    found += [f"mount {m.split()[1]}" for m in mounts if any(f"{folder}/" in m for folder in folders)]
    found += [f"cgroup {group}" for parent in ("podo", "*/podo") for group in CGROUPS.glob(f"{parent}/{name}")]
    return found + [f"process {line}" for folder in folders for line in _processes(folder)]


def _processes(folder: Path) -> list[str]:
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(f"{folder}/") in command:
            found.append(f"{entry.name}: {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found
