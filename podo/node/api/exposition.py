"""Metrics in the text format of Prometheus: /metrics/resource, /metrics/probes, /metrics. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from podo.api.types.core_v1 import Pod
from podo.node.probes.tally import ProbeCount
from podo.node.runtime.observed import CPUStats, MemoryStats
from podo.node.stats.base import PodUse
from podo.node.stats.moments import Moment

CONTENT_TYPE = "text/plain; version=0.0.4"
COUNTER, GAUGE = "counter", "gauge"
Labels = Mapping[str, str]


class Sample(NamedTuple):
    """One value; `at` None: now."""

    labels: Labels
    value: float
    at: datetime | None = None


class Family(NamedTuple):
    """All values of one name."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


def exposed(families: Iterable[Family]) -> str:
    """The text."""
    return "".join(_lines(families))


def _lines(families: Iterable[Family]) -> Iterator[str]:
    for family in families:
        if not family.samples:
            continue
        yield f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
        for sample in family.samples:
            labels = ",".join(f'{name}="{escaped(value)}"' for name, value in sorted(sample.labels.items()))
            stamp = f" {int(sample.at.timestamp() * 1000)}" if sample.at else ""
            yield (
                f"{family.name}{{{labels}}} {sample.value!r}{stamp}\n"
                if labels
                else (f"{family.name} {sample.value!r}{stamp}\n")
            )


def escaped(value: str) -> str:
    """As a label's value is written."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def resource_metrics(moment: Moment) -> list[Family]:
    """CPU and memory of the node, its Pods and their containers, as metrics-server reads them."""
    node, parts = moment.node, [*_pods_and_containers(moment)]
    containers = [part for part in parts if part.container]
    pods = [part for part in parts if not part.container]
    started = [
        Sample(_labels(pod, c.name), c.started_at.timestamp())
        for pod, use in moment.pods
        for c in (use.sandbox.containers if use.sandbox else ())
        if c.started_at
    ]
    return [
        Family("container_cpu_usage_seconds_total", COUNTER, "CPU seconds used by the container.", _cpu(containers)),
        Family("container_memory_working_set_bytes", GAUGE, "Working set of the container.", _memory(containers)),
        Family("container_start_time_seconds", GAUGE, "Start of the container, in seconds since 1970.", started),
        Family("node_cpu_usage_seconds_total", COUNTER, "CPU seconds used by the node.", _cpu([_Part({}, node.cpu)])),
        Family(
            "node_memory_working_set_bytes", GAUGE, "Working set of the node.", _memory([_Part({}, None, node.memory)])
        ),
        Family("pod_cpu_usage_seconds_total", COUNTER, "CPU seconds used by the Pod.", _cpu(pods)),
        Family("pod_memory_working_set_bytes", GAUGE, "Working set of the Pod.", _memory(pods)),
        Family("resource_scrape_error", GAUGE, "1 if the figures could not be read, else 0.", [Sample({}, 0)]),
    ]


def probe_metrics(counts: Mapping[ProbeCount, int], pods: Iterable[Pod]) -> list[Family]:
    """How often each probe has ended how."""
    by_uid = {pod.metadata.uid: pod for pod in pods}
    samples = [
        Sample(
            _labels(by_uid[c.uid], c.container)
            | {"probe_type": c.kind.capitalize(), "result": c.result, "pod_uid": c.uid},
            number,
        )
        for c, number in counts.items()
        if c.uid in by_uid
    ]
    return [Family("prober_probe_total", COUNTER, "Probes by their results.", samples)]


class _Part(NamedTuple):
    labels: Labels
    cpu: CPUStats | None
    memory: MemoryStats | None = None

    @property
    def container(self) -> str:
        return self.labels.get("container", "")


def _pods_and_containers(moment: Moment) -> Iterator[_Part]:
    for pod, use in moment.pods:
        yield from _parts(pod, use)


def _parts(pod: Pod, use: PodUse) -> Iterator[_Part]:
    if use.sandbox is not None:
        yield _Part(_labels(pod), use.sandbox.cpu, use.sandbox.memory)
        for container in use.sandbox.containers:
            yield _Part(_labels(pod, container.name), container.cpu, container.memory)


def _labels(pod: Pod, container: str = "") -> dict[str, str]:
    found = {"namespace": pod.metadata.namespace, "pod": pod.metadata.name}
    return found | ({"container": container} if container else {})


def _cpu(parts: Iterable[_Part]) -> list[Sample]:
    return [Sample(p.labels, p.cpu.usage_ns / 1e9, p.cpu.at) for p in parts if p.cpu]


def _memory(parts: Iterable[_Part]) -> list[Sample]:
    return [Sample(p.labels, p.memory.working_set, p.memory.at) for p in parts if p.memory]
