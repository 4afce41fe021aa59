"""Metrics of claims' volumes, under the kubelet's names (KEP-1432 for their health). Pure."""

from collections.abc import Callable, Iterable

from podo.api.types.core_v1 import Pod
from podo.node.api.exposition import GAUGE, Family, Sample
from podo.node.volumes.figures import Found, claim_name
from podo.storage.drivers import VolumeFigures

PREFIX = "kubelet_volume_stats"
FAMILIES: tuple[tuple[str, str, Callable[[VolumeFigures], int]], ...] = (
    ("capacity_bytes", "Bytes of the volume.", lambda v: v.bytes.total),
    ("available_bytes", "Bytes that may still be written.", lambda v: v.bytes.available),
    ("used_bytes", "Bytes in use.", lambda v: v.bytes.used),
    ("inodes", "Inodes of the volume.", lambda v: v.inodes.total),
    ("inodes_free", "Inodes that are free.", lambda v: v.inodes.available),
    ("inodes_used", "Inodes in use.", lambda v: v.inodes.used),
)


def volume_metrics(pods: Iterable[Pod], found: Found) -> list[Family]:
    """How full the volume of each claim is, and whether it is well: one sample a claim, however many Pods have it."""
    claims: dict[tuple[str, str], VolumeFigures] = {}
    for pod in pods:
        figures = found.get(pod.metadata.uid, {})
        for volume in pod.spec.volumes:
            if volume.name in figures and (claim := claim_name(pod, volume)):
                claims.setdefault((pod.metadata.namespace, claim), figures[volume.name])
    labelled = [({"namespace": n, "persistentvolumeclaim": c}, v) for (n, c), v in sorted(claims.items())]
    health = [Sample(labels, float(bool(v.abnormal))) for labels, v in labelled if v.abnormal is not None]
    return [
        *(
            Family(f"{PREFIX}_{name}", GAUGE, words, [Sample(x, of(v)) for x, v in labelled])
            for name, words, of in FAMILIES
        ),
        Family(f"{PREFIX}_health_status_abnormal", GAUGE, "1 if the volume is not well, else 0.", health),
    ]
