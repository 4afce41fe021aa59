"""Take a backup: all volumes frozen at one moment, the objects read in it, and the copies written out afterwards."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from podo.api.errors import APIError
from podo.cluster.api import API
from podo.cluster.backup import SUFFIX, archive
from podo.cluster.backup.archive import Content, Volume
from podo.cluster.backup.objects import SYSTEM, Object, Resource, is_kept, path
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths
from podo.storage.local import DRIVER, loops
from podo.storage.local.freezing import frozen, thaw_left
from podo.storage.local.layout import Description, VolumeFolder
from podo.storage.local.maker import checked, run

Progress = Callable[[str], None]


def take(
    where: Paths,
    cluster: ClusterConfig,
    folder: Path,
    passphrase: bytes,
    *,
    namespaces: Sequence[str],
    now: datetime,
    progress: Progress,
) -> Path:
    """Write a backup of some namespaces, or of all but the system's, and of what is in none; its file."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{cluster.name}-{now:%Y%m%d-%H%M%S}{SUFFIX}"
    with API(where, cluster, timeout=60) as api:
        wanted = _namespaces(api, namespaces)
        volumes = claimed(api, wanted)
        progress(f"taking a backup of {len(wanted)} namespaces with {len(volumes)} volumes")
        (where.state / "build").mkdir(exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix="backup-", dir=where.state / "build") as made:
            copies = Path(made)
            thaw_left(where.volumes)
            with held(where.volumes, [handle for _, _, handle in volumes]) as known:
                for _, _, handle in volumes:
                    _copy(VolumeFolder(where.volumes, handle).image, copies / handle)
                objects = gathered(api, wanted, everything=not namespaces)
            described = tuple(
                _volume(namespace, claim, known[handle], copies / handle) for namespace, claim, handle in volumes
            )
            content = Content(
                cluster=cluster.name,
                taken=f"{now:%Y-%m-%dT%H:%M:%SZ}",
                namespaces=tuple(wanted),
                objects=objects,
                volumes=described,
            )
            archive.write(file, passphrase, content, [copies / handle for _, _, handle in volumes])
    return file


def _namespaces(api: API, wanted: Sequence[str]) -> list[str]:
    there = [n["metadata"]["name"] for n in api.call("GET", "/api/v1/namespaces")["items"]]
    if missing := sorted(set(wanted) - set(there)):
        raise ClusterError(f"there is no namespace {missing[0]!r}")
    return [n for n in there if (n in wanted if wanted else n not in SYSTEM)]


def claimed(api: API, namespaces: Sequence[str]) -> list[tuple[str, str, str]]:
    """The volumes of podo's own driver that claims have: namespace, claim, handle."""
    found = []
    for volume in api.call("GET", "/api/v1/persistentvolumes")["items"]:
        ref, csi = volume["spec"].get("claimRef"), volume["spec"].get("csi")
        bound = volume.get("status", {}).get("phase") == "Bound"
        if bound and ref and csi and csi["driver"] == DRIVER and ref["namespace"] in namespaces:
            found.append((ref["namespace"], ref["name"], checked(csi["volumeHandle"])))
    return sorted(found)


@contextmanager
def held(root: Path, handles: Sequence[str]) -> Iterator[dict[str, Description]]:
    """Nobody writes to any of the volumes meanwhile: all are as they were at one moment."""
    known: dict[str, Description] = {}
    with ExitStack() as stack:
        folders = [VolumeFolder(root, handle) for handle in sorted(handles)]
        for folder in folders:
            stack.enter_context(folder.locked())
            if (found := folder.describe()) is None:
                raise ClusterError(f"volume {folder.folder.name} is not there")
            known[folder.folder.name] = found
        for folder in folders:
            stack.enter_context(frozen(folder.mounted))
            for device in loops.of(folder.image):
                loops.flush(device)
        yield known


def _copy(image: Path, copy: Path) -> None:
    run("cp", "--reflink=auto", "--sparse=always", str(image), str(copy))


def _volume(namespace: str, claim: str, known: Description, copy: Path) -> Volume:
    return Volume(
        namespace=namespace,
        claim=claim,
        size=known.size,
        block=known.block,
        fs_type=known.fs_type,
        formatted=known.formatted,
        extents=archive.extents_of(copy),
    )


def resources(api: API) -> list[Resource]:
    """All kinds that can be listed and created, each in the version that the server prefers."""
    places = [("", "v1", "/api/v1")]
    for group in api.call("GET", "/apis")["groups"]:
        version = group["preferredVersion"]["version"]
        places.append((group["name"], version, f"/apis/{group['name']}/{version}"))
    found: list[Resource] = []
    for group, version, place in places:
        try:
            listed = api.call("GET", place)["resources"]
        except APIError:
            continue  # another's server, which is not there
        found += [
            Resource(group=group, version=version, plural=r["name"], kind=r["kind"], namespaced=r["namespaced"])
            for r in listed
            if "/" not in r["name"] and {"list", "create"} <= set(r["verbs"])
        ]
    return found


def gathered(api: API, namespaces: Sequence[str], *, everything: bool) -> list[Object]:
    """The objects worth keeping, each with its kind; those that are in no namespace only with `everything`."""
    found: list[Object] = []
    for resource in resources(api):
        if not resource["namespaced"] and not everything and resource["kind"] != "Namespace":
            continue
        version = f"{resource['group']}/{resource['version']}" if resource["group"] else resource["version"]
        kept = (o for o in _listed(api, resource) if is_kept(resource, o) and _is_within(resource, o, namespaces))
        found += [{"apiVersion": version, "kind": resource["kind"]} | obj for obj in kept]
    return found


def _is_within(resource: Resource, obj: Object, namespaces: Sequence[str]) -> bool:
    if resource["namespaced"]:
        return obj["metadata"]["namespace"] in namespaces
    return resource["kind"] != "Namespace" or obj["metadata"]["name"] in namespaces


def _listed(api: API, resource: Resource) -> list[Any]:
    try:
        items: list[Any] = api.call("GET", path(resource))["items"] or []
    except APIError:
        return []  # gone since discovery
    return items
