"""What a ReplicaSet may lose by deleting a Pod: an annotation that must be a 32-bit number."""

import re
from collections.abc import Mapping

ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"
_COST = re.compile(r"0|-?[1-9][0-9]*")


def bad_deletion_cost(annotations: Mapping[str, str]) -> bool:
    """Whether the annotation is there and is no cost."""
    text = annotations.get(ANNOTATION)
    return text is not None and not (_COST.fullmatch(text) and -(2**31) <= int(text) < 2**31)
