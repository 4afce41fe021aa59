"""What a killed agent may leave of Pods that nobody knows any more: folders, logs, cgroups."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from podo.node.mounts import unmount_below
from podo.node.volumes.base import VolumeFailure, Volumes
from podo.node.volumes.mounted import remove_tree
from podo.node.worker.facts import NodeFacts
from podo.node.worker.parts import PodCgroups

IsKnown = Callable[[str], bool]
log = logging.getLogger(__name__)


async def remove_leftovers(facts: NodeFacts, cgroups: PodCgroups, known: IsKnown, volumes: Volumes) -> None:
    """Remove all that belongs to Pods whose uid is not known; what drivers brought is theirs to take away first.

    Safe while Pods come: a Pod is known before it has anything, and what is found is looked up only then.
    """
    kept = set()
    for folder in await asyncio.to_thread(lambda: [*_unknown(facts, known)]):
        if known(folder.name):
            continue
        try:
            await volumes.release(folder.name)
        except VolumeFailure as error:
            log.warning("what is left of Pod %s stays: %s", folder.name, error)
            kept.add(folder.name)
    await asyncio.to_thread(_remove_folders, facts, lambda uid: uid in kept or known(uid))
    for name in cgroups.found(facts.cgroup_root):
        if not known(name.rpartition("/pod")[2]):
            await cgroups.remove(name)


def _remove_folders(facts: NodeFacts, known: IsKnown) -> None:
    for folder in _unknown(facts, known):
        unmount_below(folder)
        remove_tree(folder)
    for folder in _folders(facts.logs):
        if not known(folder.name.rpartition("_")[2]):
            shutil.rmtree(folder, ignore_errors=True)


def _unknown(facts: NodeFacts, known: IsKnown) -> Iterator[Path]:
    for place in (facts.places.pods, facts.places.volatile):
        yield from (f for f in _folders(place) if not known(f.name))


def _folders(place: Path) -> list[Path]:
    return [f for f in place.iterdir() if f.is_dir()] if place.is_dir() else []
