"""Reading manifests: which platform's, which layers, what configuration. Pure."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podo.node.images.base import ImageConfig, ImageFailure

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "ppc64le": "ppc64le", "s390x": "s390x"}
INDEX_TYPES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}


@dataclass(frozen=True)
class Manifest:
    """One platform's image: its configuration and its layers, bottom first, as (digest, size in bytes)."""

    config: str
    layers: tuple[tuple[str, int], ...]

    @property
    def layers_size(self) -> int:
        """Bytes of all layers as they are stored."""
        return sum(size for _, size in self.layers)


def architecture() -> str:
    """This machine's, in Go's words."""
    machine = os.uname().machine
    return ARCHITECTURES.get(machine, machine)


def platform_digest(document: Mapping[str, Any], arch: str) -> str | None:
    """The digest of `arch`'s manifest in an index; None if the document is a manifest itself."""
    if document.get("mediaType") not in INDEX_TYPES and "manifests" not in document:
        return None
    for entry in document.get("manifests") or ():
        platform = entry.get("platform") or {}
        if platform.get("os") == "linux" and platform.get("architecture") == arch:
            digest: str = entry["digest"]
            return digest
    raise ImageFailure(f"no match for platform in manifest: the image has no linux/{arch}")


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """A schema 2 or OCI manifest. Raises ImageFailure for other things (schema 1, artifacts without layers)."""
    try:
        layers = tuple((layer["digest"], int(layer["size"])) for layer in document["layers"])
        return Manifest(document["config"]["digest"], layers)
    except (KeyError, TypeError, ValueError) as error:
        raise ImageFailure(f"unsupported image manifest: {error!r} is missing or wrong") from error


def diff_ids(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests of the unpacked layers, bottom first."""
    return tuple((config.get("rootfs") or {}).get("diff_ids") or ())


def parse_config(document: Mapping[str, Any]) -> ImageConfig:
    """How to run it."""
    config = document.get("config") or {}
    return ImageConfig(
        user=config.get("User") or "",
        env=tuple(config.get("Env") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        working_dir=config.get("WorkingDir") or "",
        stop_signal=config.get("StopSignal") or "",
        labels=config.get("Labels") or {},
        volumes=tuple(config.get("Volumes") or ()),
    )
