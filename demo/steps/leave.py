"""podo down leaves nothing behind: a second cluster comes and goes, and the machine is compared before and after."""

import os
from pathlib import Path

from demo.stage import Broken, Stage, is_ready

TITLE = "Leave: a second cluster comes, works, and goes: podo down leaves nothing behind"
POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "guest"},'
POD += ' "spec": {"containers": [{"name": "c", "image": "hello:v1"}]}}'


def run(stage: Stage) -> str:
    guest = Stage(cluster=f"{stage.cluster}-guest", nodes=2, progress=stage.progress)
    before = census(guest)
    guest.podo("build", "-t", "hello:v1", "examples/hello")
    guest.podo("up", "--nodes", "2")
    guest.save_kubeconfig()
    guest.kubectl("create", "-f", "-", stdin=POD)
    guest.until("the guest cluster's Pod is Ready", lambda: is_ready(guest.get("pod", "guest")))
    made = census(guest) - before
    guest.podo("down")
    if left := sorted(census(guest) - before):
        raise Broken("left behind:\n    " + "\n    ".join(left))
    return f"{len(made)} processes, mounts, links, routes, tables, cgroups and folders were there, none is left"


def census(stage: Stage) -> set[str]:
    """What is on this machine that a cluster might leave, found without podo's help."""
    mark = f"/podo/{stage.cluster}/"
    found = {f"mount {line.split()[1]}" for line in Path("/proc/self/mounts").read_text().splitlines() if mark in line}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if mark in command:
            found.add(f"process {pid}: {command}")
    for top in (*Path("/sys/fs/cgroup").glob("podo/*"), *Path("/sys/fs/cgroup").glob("*/podo/*")):
        if top.name == stage.cluster:
            found |= {f"cgroup {path}" for path, _, _ in os.walk(top)}
    found |= {
        f"folder {p}" for p in (Path("/run/podo") / stage.cluster, Path("/var/lib/podo") / stage.cluster) if p.exists()
    }
    found |= {f"link {line.split()[0]}" for line in stage.run("ip", "-br", "link").splitlines()}
    found |= {f"route {line}" for line in stage.run("ip", "route", "show", "table", "all").splitlines()}
    return found | {f"nft {line}" for line in stage.run("nft", "list", "tables").splitlines()}
