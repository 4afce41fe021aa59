"""The files by which kube-apiserver is configured: one object of apiserver.config.k8s.io, in YAML."""

from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import yaml

from podo.server.options import OptionError

GROUP = "apiserver.config.k8s.io"
VERSIONS = tuple(f"{GROUP}/{version}" for version in ("v1", "v1beta1", "v1alpha1"))


class Configuration(Protocol):
    """What such a file holds."""

    @property
    def kind(self) -> str: ...
    @property
    def api_version(self) -> str: ...


Found = TypeVar("Found", bound=Configuration)


def read(path: Path, content: type[Found], kind: str) -> Found:
    """The object in the file, of one of the VERSIONS. Raises OptionError, OSError."""
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), content)
    except (UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise OptionError(f"{path}: {error}") from error
    if found.kind != kind or found.api_version not in VERSIONS:
        raise OptionError(f"{path}: it must be of kind {kind} and apiVersion {VERSIONS[0]}")
    return found
