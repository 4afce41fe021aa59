"""Between the versions of a kind: from what is served to what is stored, and back. One file a group.

Functions take a dict, which they may use up, and give the dict in the other version; nothing is lost on the way back.
"""

from podo.server.conversion import autoscaling, events
from podo.server.conversion.shapes import Convert

TABLE: dict[tuple[str, str], tuple[Convert, Convert]] = {
    ("events.k8s.io/v1", "Event"): (events.to_core, events.from_core),
    ("autoscaling/v1", "HorizontalPodAutoscaler"): (autoscaling.to_v2, autoscaling.from_v2),
}
"""(to stored, from stored) by served apiVersion and kind, where the shapes differ."""


def conversions(api_version: str, kind: str) -> tuple[Convert | None, Convert | None]:
    """(to stored, from stored); both None where the shape is the same."""
    return TABLE.get((api_version, kind), (None, None))
