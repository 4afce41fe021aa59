"""podo down leaves nothing behind: everything is counted before and after."""

import os
from pathlib import Path

from demo.stage import Broken, Stage

TITLE = "Leave: podo down, nothing left behind"


def run(stage: Stage) -> str:
    stage.podo("down")
    if left := residue(stage):
        raise Broken("left behind:\n    " + "\n    ".join(left))
    return "no process, mount, namespace, link, route, nft table or cgroup"


def residue(stage: Stage) -> list[str]:
    """Whatever on this machine still names the cluster or podo's ranges, found without podo's help."""
    marks = (f"podo/{stage.cluster}/", f"podo/{stage.cluster}\0")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        except OSError:
            continue
        if any(mark in command for mark in marks) and int(pid) != os.getpid():
            found.append(f"process {pid}: {command.replace(chr(0), ' ')}")
    found += [f"mount {m.split()[1]}" for m in Path("/proc/self/mounts").read_text().splitlines() if marks[0] in m]
    found += [f"cgroup {p}" for p in Path("/sys/fs/cgroup").glob(f"**/podo/{stage.cluster}")]
    found += [
        f"folder {p}" for p in (Path("/run/podo") / stage.cluster, Path("/var/lib/podo") / stage.cluster) if p.exists()
    ]
    found += [f"link {line}" for line in stage.run("ip", "-br", "link").splitlines() if line.startswith("podo")]
    found += [
        f"route {r}" for r in stage.run("ip", "route").splitlines() if "10.244." in r or "10.96." in r or "10.245." in r
    ]
    return found + [f"nft {t}" for t in stage.run("nft", "list", "tables").splitlines() if "podo" in t]
