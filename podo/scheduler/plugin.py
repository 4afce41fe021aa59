"""The shape of filters and scores: a whole column of nodes at a time. One plug-in a file.

Filters say, for every row at once, whether a Pod can run there, and why not; scores how well. Both are pure: Pod and
snapshot in, column out. `default_plugins` in `profile.py` is the literal list of those in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot

# What happens in a cluster that may help a Pod that fitted nowhere:
NODE = "node"  # a node appeared or changed
POD_GONE = "pod gone"  # a Pod left its node, or what it means to rules changed
POD_PLACED = "pod placed"
DEVICE = "device"  # a resource claim, a device class, or what drivers offer changed
VOLUME = "volume"  # a claim, a volume, a class, or what a node can attach changed


@dataclass
class Verdict:
    """What a filter says: `fits` by row, and the rows that it refuses by reason, in the API's words.

    A node may be refused for several reasons (too little CPU and too little memory). `hopeless` are the refused rows
    that would be refused without any of their Pods too: preemption cannot help there.
    """

    fits: Mask
    reasons: Mapping[str, Mask] = field(default_factory=dict)
    hopeless: Mask | None = None
    whole: str = ""  # a reason that lies in no node: the Pod fits nowhere, and the message says only this
    error: str = ""  # what failed: the Pod is tried again after its back-off


class Filter(Protocol):
    """Whether a Pod can run on a node."""

    @property
    def name(self) -> str: ...

    @property
    def helped_by(self) -> frozenset[str]:
        """What may let a Pod pass that was refused: a set of the words above."""
        ...

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        """The verdict on every row; None if the filter does not concern this Pod: all fit."""
        ...


class Score(Protocol):
    """How well a node suits a Pod."""

    @property
    def name(self) -> str: ...

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        """0 (bad) to 100 (good) for every row; only feasible rows count. None if it makes no difference."""
        ...
