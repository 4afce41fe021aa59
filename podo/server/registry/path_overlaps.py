"""Files of a volume that would hide each other."""

from collections.abc import Iterator
from typing import NamedTuple

from podo.server.strategy import Object


class File(NamedTuple):
    """Where a file goes, and from where it comes."""

    path: str
    source: str = ""

    def __str__(self) -> str:
        return f'"{self.path}" ({self.source})' if self.source else f'"{self.path}"'


def overlap_warnings(volumes: list[Object]) -> Iterator[str]:
    """The warnings about volumes with files at one place."""
    for volume in volumes:
        name = volume["name"]
        for kind, shown in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")):
            source = volume.get(kind)
            if source is None or not source.get("items"):
                continue
            label = {"configMap": source.get("name", ""), "secret": source.get("secretName", "")}.get(kind)
            described = shown if label is None else f'{shown} "{label}"'
            for file, other in _overlaps([File(item["path"]) for item in source["items"]]):
                yield f'volume "{name}" ({described}): overlapping paths: {file} with {other}'
        if "projected" in volume:
            yield from _projected(volume["projected"], name)


def _projected(source: Object, name: str) -> Iterator[str]:
    files: list[File] = []
    found: list[str] = []
    for one in source.get("sources") or ():
        if not one:
            yield f'volume "{name}" (Projected) has no sources provided'
            continue
        files += _files(one)
    for file, other in _overlaps(files):
        found.append(f'volume "{name}" (Projected): overlapping paths: {file} with {other}')
    yield from found


def _files(source: Object) -> list[File]:
    for kind, shown in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")):
        if source.get(kind, {}).get("items"):
            label = shown if kind == "downwardAPI" else f'{shown} "{source[kind].get("name", "")}"'
            return [File(item["path"], label) for item in source[kind]["items"]]
    if token := source.get("serviceAccountToken"):
        return [File(token["path"], "ServiceAccountToken")]
    if bundle := source.get("clusterTrustBundle"):
        return [File(bundle["path"], f'ClusterTrustBundle "{bundle.get("name", bundle.get("signerName", ""))}"')]
    parts = (("certificateChainPath", "chain"), ("keyPath", "key"), ("credentialBundlePath", "credential bundle"))
    certificate = source.get("podCertificate", {})
    return [File(certificate[key], f"PodCertificate {shown}") for key, shown in parts if certificate.get(key)]


def _overlaps(files: list[File]) -> Iterator[tuple[File, File]]:
    earlier: list[File] = []
    for given in files:
        file = File(given.path.rstrip("/"), given.source)
        for other in earlier:
            nested = f"{other.path}/".startswith(f"{file.path}/") or f"{file.path}/".startswith(f"{other.path}/")
            if file.path and other.path and nested:
                yield file, other
        earlier.append(file)
