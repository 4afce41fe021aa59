"""What an image archive holds: docker-archive (`docker save`), OCI archive, OCI layout folder."""

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from podo.node.images.base import ImageFailure

CONTAINERD_NAME, OCI_NAME = "io.containerd.image.name", "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Source:
    """One image of an archive: where skopeo finds it, and its names there."""

    transport: str
    names: tuple[str, ...]


def sources(path: Path) -> list[Source]:
    """Every image in it. Raises ImageFailure if it is none of the three kinds."""
    if path.is_dir():
        if not (path / "oci-layout").exists() or not (path / "index.json").exists():
            raise ImageFailure(f"{path} is a folder without an OCI layout (no oci-layout, index.json)")
        return oci_sources("oci", path, _decode(path, (path / "index.json").read_bytes()))
    try:
        with tarfile.open(path) as archive:
            return _tar_sources(path, archive)
    except FileNotFoundError as error:
        raise ImageFailure(f"{path}: no such file") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ImageFailure(f"{path} is not an image archive: {error}") from error


def _tar_sources(path: Path, archive: tarfile.TarFile) -> list[Source]:
    documents: dict[str, Any] = {}
    for member in archive:
        name = member.name.removeprefix("./")
        if name in ("manifest.json", "index.json") and (file := archive.extractfile(member)):
            documents[name] = _decode(path, file.read())
    if "manifest.json" in documents:
        images = documents["manifest.json"]
        return [Source(f"docker-archive:{path}:@{i}", tuple(m.get("RepoTags") or ())) for i, m in enumerate(images)]
    if "index.json" in documents:
        return oci_sources("oci-archive", path, documents["index.json"])
    raise ImageFailure(f"{path} is not an image archive: it has neither manifest.json nor index.json")


def oci_sources(transport: str, path: Path, index: dict[str, Any]) -> list[Source]:
    """The images of an OCI index. A name without a repository is only a tag, and no use to us."""
    found = []
    manifests = index.get("manifests") or []
    for manifest in manifests:
        annotations = manifest.get("annotations") or {}
        ref = annotations.get(OCI_NAME, "")
        if not ref and len(manifests) > 1:
            raise ImageFailure(f"{path} has several images, and not all have a name")
        full = annotations.get(CONTAINERD_NAME) or (ref if set(ref) & set("/:") else "")
        found.append(Source(f"{transport}:{path}" + (f":{ref}" if ref else ""), (full,) if full else ()))
    if not found:
        raise ImageFailure(f"{path} has no image in its index")
    return found


def _decode(path: Path, data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ImageFailure(f"{path}: its index is not JSON: {error}") from error
