"""/metrics of the agent itself, under the kubelet's names. What it counts over time is in `podo.node.measures`. Pure,
but for what the process says of itself."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from podo.api.types.core_v1 import Pod, Volume
from podo.node.api.exposition import COUNTER, GAUGE, Family, Sample
from podo.node.registration.node_object import KUBELET_VERSION
from podo.node.runtime.observed import ContainerState, ObservedContainer
from podo.node.static.manifest import is_static
from podo.node.worker.state import is_terminal

STATES = {
    ContainerState.CREATED: "created",
    ContainerState.RUNNING: "running",
    ContainerState.EXITED: "exited",
    ContainerState.UNKNOWN: "unknown",
}
PLUGINS = {
    "config_map": "kubernetes.io/configmap",
    "csi": "kubernetes.io/csi",
    "downward_api": "kubernetes.io/downward-api",
    "empty_dir": "kubernetes.io/empty-dir",
    "ephemeral": "kubernetes.io/csi",
    "host_path": "kubernetes.io/host-path",
    "image": "kubernetes.io/image",
    "persistent_volume_claim": "kubernetes.io/csi",
    "projected": "kubernetes.io/projected",
    "secret": "kubernetes.io/secret",
}


def agent_metrics(pods: Sequence[Pod], containers: Iterable[ObservedContainer], node: str) -> list[Family]:
    """What there is now."""
    states = Counter(STATES[c.state] for c in containers)
    active = [pod for pod in pods if not is_terminal(pod)]
    running = [pod for pod in active if pod.status.phase == "Running"]
    seen = [Sample({"container_state": state}, number) for state, number in sorted(states.items())]
    return [
        Family("kubelet_node_name", GAUGE, "The node's name.", [Sample({"node": node}, 1)]),
        Family("kubelet_running_pods", GAUGE, "Pods that run.", [Sample({}, len(running))]),
        Family("kubelet_running_containers", GAUGE, "Containers by state.", seen),
        Family("kubelet_desired_pods", GAUGE, "Pods that are wanted here.", _by_kind(pods)),
        Family("kubelet_active_pods", GAUGE, "Pods that run or may run.", _by_kind(active)),
        Family("kubelet_mirror_pods", GAUGE, "Mirrors.", [Sample({}, sum(map(is_static, active)))]),
        Family("kubelet_working_pods", GAUGE, "Pods by what is done about them.", _working(pods)),
        Family("volume_manager_total_volumes", GAUGE, "Volumes by kind.", _volumes(active)),
        Family("kubernetes_build_info", GAUGE, "The version.", [Sample(_build(), 1)]),
        *process_metrics(),
    ]


def _by_kind(pods: Iterable[Pod]) -> list[Sample]:
    counted = Counter(is_static(pod) for pod in pods)
    return [Sample({"static": "true" if static else ""}, counted[static]) for static in (False, True)]


def _working(pods: Iterable[Pod]) -> list[Sample]:
    counted = Counter((_lifecycle(pod), is_static(pod)) for pod in pods)
    return [
        Sample({"lifecycle": lifecycle, "config": "desired", "static": "true" if static else ""}, number)
        for (lifecycle, static), number in sorted(counted.items())
    ]


def _lifecycle(pod: Pod) -> str:
    if is_terminal(pod):
        return "terminated"
    return "terminating" if pod.metadata.deletion_timestamp else "sync"


def _volumes(pods: Iterable[Pod]) -> list[Sample]:
    counted = Counter(_plugin(volume) for pod in pods for volume in pod.spec.volumes)
    return [
        Sample({"plugin_name": name, "state": f"{state}_state_of_world"}, number)
        for name, number in sorted(counted.items())
        for state in ("actual", "desired")
    ]


def _plugin(volume: Volume) -> str:
    return next((name for field, name in PLUGINS.items() if getattr(volume, field) is not None), "unknown")


def _build() -> dict[str, str]:
    major, minor, _ = KUBELET_VERSION.removeprefix("v").split(".")
    return {"git_version": KUBELET_VERSION, "major": major, "minor": minor, "platform": "linux"}


def process_metrics(proc: Path = Path("/proc/self")) -> list[Family]:
    """Of this process, as every client library of Prometheus tells them."""
    used = os.times()
    pages = [int(n) for n in (proc / "statm").read_text().split()[:2]]
    size = os.sysconf("SC_PAGE_SIZE")
    started = int((proc / "stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    boot = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_BOOTTIME)
    figures = (
        ("cpu_seconds_total", COUNTER, "CPU seconds used.", used.user + used.system),
        ("resident_memory_bytes", GAUGE, "Resident memory.", pages[1] * size),
        ("virtual_memory_bytes", GAUGE, "Virtual memory.", pages[0] * size),
        ("open_fds", GAUGE, "Open files.", len(os.listdir(proc / "fd"))),
        ("start_time_seconds", GAUGE, "Start, in seconds since 1970.", boot + started),
    )
    return [Family(f"process_{name}", kind, text, [Sample({}, value)]) for name, kind, text, value in figures]
