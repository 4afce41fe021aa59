"""What a container should ask for, by what it has used. Pure.

The target is the 90th percentile of its use with a margin, the bounds are the 50th and the 95th, wide while little is
known: the recommender of Kubernetes' autoscaler project has these figures.
"""

from dataclasses import dataclass, field

from podo.api.vertical import CPU, MEMORY, ContainerPolicy, ContainerRecommendation, bounded, text_of
from podo.controllers.vertical.histogram import CPU_SCALE, MEMORY_SCALE, Histogram

TARGET, LOWER, UPPER, MARGIN = 0.9, 0.5, 0.95, 1.15
LEAST_CPU, LEAST_MEMORY = 0.025, 250 * 2**20  # of a Pod: cores, bytes
DAY = 24 * 3600.0
LEAST_WEIGHT = 0.1  # of a CPU sample: that of a container that asks for less
OOM_RATIO, OOM_STEP = 1.2, 100 * 2**20  # how much more than it had a container is taken to need that ran out of memory


@dataclass
class Model:
    """What has been seen of a container, over all Pods that have it. Seconds since the epoch, cores, bytes."""

    cpu: Histogram = field(default_factory=lambda: Histogram(CPU_SCALE))
    memory: Histogram = field(default_factory=lambda: Histogram(MEMORY_SCALE))
    first: float = 0.0
    last: float = 0.0
    samples: int = 0
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By Pod: when its day began, and the most memory it has used in it."""

    def add(self, pod: str, at: float, *, cores: float, memory: float, asked: float) -> None:
        """A sample of a Pod, whose container asks for so many cores."""
        self.first, self.last = self.first or at, max(self.last, at)
        self.samples += 1
        self.cpu.add(cores, max(asked, LEAST_WEIGHT), at)
        self.peak(pod, at, memory)

    def peak(self, pod: str, at: float, memory: float) -> None:
        """A Pod used so much memory; only the most of each day counts."""
        begin, known = self.peaks.get(pod, (0.0, 0.0))
        if at - begin >= DAY:
            begin, known = at, 0.0
        if memory > known:
            if known:
                self.memory.subtract(known, 1.0, begin)
            self.memory.add(memory, 1.0, begin)
            known = memory
        self.peaks[pod] = (begin, known)

    def out_of_memory(self, pod: str, at: float, had: float) -> None:
        """A Pod's container was killed for its memory, of which it had so much."""
        begin, known = self.peaks.get(pod, (at, 0.0))
        had = max(had, known if at - begin < DAY else 0.0)
        self.peak(pod, at, max(had * OOM_RATIO, had + OOM_STEP))

    def confidence(self) -> float:
        """In days of samples, one a minute."""
        return min((self.last - self.first) / DAY, self.samples / (60 * 24))


def recommend(name: str, model: Model, containers: int, policy: ContainerPolicy) -> ContainerRecommendation:
    """For a container of a Pod with so many."""
    target = _amounts(model, TARGET, containers)
    sure = model.confidence()
    lower = _amounts(model, LOWER, containers, (1 + 0.001 / sure) ** -2 if sure else 0.0)
    upper = _amounts(model, UPPER, containers, 1 + 1 / sure if sure else 1e3)
    return ContainerRecommendation(
        container_name=name,
        target=bounded(target, policy),
        lower_bound=bounded(lower, policy),
        upper_bound=bounded(upper, policy),
        uncapped_target={k: v for k, v in target.items() if k in policy.controlled_resources},
    )


def _amounts(model: Model, share: float, containers: int, factor: float = 1.0) -> dict[str, str]:
    cores = model.cpu.percentile(share) * MARGIN * factor
    memory = model.memory.percentile(share) * MARGIN * factor
    cores, memory = max(cores, LEAST_CPU / containers), max(memory, LEAST_MEMORY / containers)
    return {CPU: text_of(CPU, round(cores * 1000)), MEMORY: text_of(MEMORY, round(memory) * 1000)}
