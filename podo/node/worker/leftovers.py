"""What a killed agent may leave of Pods that nobody knows any more: folders, logs, cgroups."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

from podo.node.mounts import unmount_below
from podo.node.volumes.mounted import remove_tree
from podo.node.worker.facts import NodeFacts
from podo.node.worker.parts import PodCgroups


async def remove_leftovers(facts: NodeFacts, cgroups: PodCgroups, known: frozenset[str]) -> None:
    """Remove all that belongs to Pods whose uid is not `known`."""
    await asyncio.to_thread(_remove_folders, facts, known)
    for name in cgroups.found(facts.cgroup_root):
        if name.rpartition("/pod")[2] not in known:
            await cgroups.remove(name)


def _remove_folders(facts: NodeFacts, known: frozenset[str]) -> None:
    for folder in _unknown(facts, known):
        unmount_below(folder)
        remove_tree(folder)
    for folder in _folders(facts.logs):
        if folder.name.rpartition("_")[2] not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _unknown(facts: NodeFacts, known: frozenset[str]) -> Iterator[Path]:
    for place in (facts.places.pods, facts.places.volatile):
        yield from (f for f in _folders(place) if f.name not in known)


def _folders(place: Path) -> list[Path]:
    return [f for f in place.iterdir() if f.is_dir()] if place.is_dir() else []
