"""A node must reach the Pod's volumes; for claims that wait for it there must be a volume, or a way to make one."""

import numpy as np

from podo.api import quantity, selectors
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from podo.scheduler.node_terms import matches_labels, matches_selector
from podo.scheduler.plugin import NODE, POD_GONE, VOLUME, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Snapshot
from podo.scheduler.volumes import StorageView
from podo.storage import annotations as known
from podo.storage.matching import best_match, class_of, requested

BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
NO_SPACE = "node(s) did not have enough free storage"
NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


class VolumeBinding:
    name = "VolumeBinding"
    helped_by = frozenset((NODE, POD_GONE, VOLUME))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        storage = snapshot.storage
        found = storage.of_pod(pod)
        none = np.zeros(snapshot.size, bool)
        if found.whole:
            return Verdict(none, whole=found.whole)
        if found.lost:
            return Verdict(none, {NO_VOLUME: ~none}, hopeless=~none)
        if not (found.bound or found.waiting):
            return None
        reached = ~none
        for volume in found.bound:
            reached &= reachable(volume, snapshot)
        offered, roomy = ~none, ~none
        if found.waiting:
            offered, roomy = _offers(found.waiting, snapshot, reached)
        reasons = {NODE_CONFLICT: ~reached, BIND_CONFLICT: reached & ~offered, NO_SPACE: reached & offered & ~roomy}
        fits = reached & offered & roomy
        return Verdict(fits, reasons, hopeless=~fits)


def reachable(volume: PersistentVolume, snapshot: Snapshot) -> Mask:
    """The rows that a volume can be used on."""
    affinity = volume.spec.node_affinity
    if affinity is None or affinity.required is None:
        return np.ones(snapshot.size, bool)
    return matches_selector(affinity.required, snapshot)


Binding = tuple[PersistentVolumeClaim, PersistentVolume | None]


def bindings_on(row: int, waiting: tuple[PersistentVolumeClaim, ...], snapshot: Snapshot) -> list[Binding] | None:
    """What each waiting claim gets on a row: a volume that is there, or None: one is to be made. None: nothing fits."""
    found: list[Binding] = []
    for claim in sorted(waiting, key=requested):
        taken = [v.metadata.name for _, v in found if v is not None]
        here = (v for v in snapshot.storage.candidates(claim) if reachable(v, snapshot)[row])
        volume = best_match(claim, here, taken=taken)
        if volume is None and not (can_make(claim, snapshot)[row] and has_room(claim, snapshot)[row]):
            return None
        found.append((claim, volume))
    return found


def can_make(claim: PersistentVolumeClaim, snapshot: Snapshot) -> Mask:
    """The rows where a new volume for the claim can be made."""
    none = np.zeros(snapshot.size, bool)
    found = snapshot.storage.classes.get(class_of(claim))
    if found is None or not found.provisioner or found.provisioner == known.NO_PROVISIONER:
        return none
    rows = ~none
    if chosen := claim.metadata.annotations.get(known.SELECTED_NODE):
        rows = none.copy()
        if (item := snapshot.row_of(chosen)) is not None:
            rows[item.row] = True
    if found.allowed_topologies:
        allowed = none.copy()
        for term in found.allowed_topologies:
            here = snapshot.exists.copy()
            for expression in term.match_label_expressions:
                one_of = none.copy()
                for value in expression.values:
                    one_of |= matches_labels({expression.key: value}, snapshot)
                here &= one_of
            allowed |= here
        rows &= allowed
    return rows


def has_room(claim: PersistentVolumeClaim, snapshot: Snapshot) -> Mask:
    """The rows whose storage has room, as far as the driver says so (KEP-1472)."""
    everywhere = np.ones(snapshot.size, bool)
    storage = snapshot.storage
    found = storage.classes.get(class_of(claim))
    driver = storage.drivers.get(found.provisioner) if found else None
    if found is None or driver is None or not driver.spec.storage_capacity:
        return everywhere
    rows, wanted = ~everywhere, requested(claim)
    for offer in storage.capacities:
        room = offer.maximum_volume_size or offer.capacity
        if offer.storage_class_name != found.metadata.name or not room or quantity.to_int(room) < wanted:
            continue
        where = selectors.from_object(offer.node_topology)
        for item in snapshot.nodes():
            assert item.node is not None
            rows[item.row] |= where.matches(item.node.metadata.labels)
    return rows


def _offers(waiting: tuple[PersistentVolumeClaim, ...], snapshot: Snapshot, among: Mask) -> tuple[Mask, Mask]:
    """(the rows where each claim gets a volume, the rows with room for those to be made)."""
    storage: StorageView = snapshot.storage
    made, room = np.ones(snapshot.size, bool), np.ones(snapshot.size, bool)
    for claim in waiting:
        made &= can_make(claim, snapshot)
        room &= has_room(claim, snapshot)
    if any(storage.candidates(claim) for claim in waiting):
        for row in np.flatnonzero(among & snapshot.exists & ~(made & room)):
            if bindings_on(int(row), waiting, snapshot) is not None:
                made[row] = room[row] = True
    return made, room
