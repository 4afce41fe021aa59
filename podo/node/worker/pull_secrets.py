"""Registry credentials from imagePullSecrets. Pure: Secrets in, credentials for one image out."""

import base64
import binascii
import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from podo.api.types.core_v1 import Secret
from podo.node.images.base import Credentials

CONFIG_JSON, CONFIG = ".dockerconfigjson", ".dockercfg"
HUB = ("index.docker.io", "docker.io", "registry-1.docker.io")


def credentials_for(image: str, secrets: Iterable[Secret]) -> Credentials | None:
    """The credentials of the most exact entry that fits the image."""
    host, _, path = _place(image).partition("/")
    best: tuple[int, Credentials] | None = None
    for secret in secrets:
        for registry, entry in _entries(secret):
            wanted_host, _, prefix = _bare(registry).partition("/")
            hub = wanted_host in HUB and host in HUB
            if not (hub or _fits(host, wanted_host)) or not (path + "/").startswith(
                prefix and prefix.rstrip("/") + "/"
            ):
                continue
            found = _credentials(entry)
            if found and (best is None or len(prefix) > best[0]):
                best = (len(prefix), found)
    return best[1] if best else None


def _place(image: str) -> str:
    """host/path of an image name, with Docker Hub's host where none is named."""
    name = image.partition("@")[0]
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return f"{first}/{rest}"
    return f"docker.io/{name if slash else f'library/{name}'}"


def _bare(registry: str) -> str:
    """`https://index.docker.io/v1/` → `index.docker.io`."""
    for scheme in ("https://", "http://"):
        registry = registry.removeprefix(scheme)
    for version in ("/v1/", "/v2/", "/v1", "/v2"):
        registry = registry.removesuffix(version)
    return registry.rstrip("/")


def _fits(host: str, wanted: str) -> bool:
    """Wildcards stand for one part of a name; ports must be the same."""
    return host.count(".") == wanted.count(".") and fnmatch.fnmatchcase(host, wanted)


def _entries(secret: Secret) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in (CONFIG_JSON, CONFIG):
        if key not in secret.data:
            continue
        try:
            config = json.loads(base64.b64decode(secret.data[key]))
        except (ValueError, binascii.Error):
            continue
        auths = config.get("auths", {}) if key == CONFIG_JSON else config
        if isinstance(auths, dict):
            yield from ((k, v) for k, v in auths.items() if isinstance(v, dict))


def _credentials(entry: Mapping[str, Any]) -> Credentials | None:
    user, password = entry.get("username", ""), entry.get("password", "")
    if auth := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(auth).decode().partition(":")
        except (ValueError, binascii.Error):
            return None
    token, registry = entry.get("identitytoken", ""), entry.get("registrytoken", "")
    if not (user or token or registry):
        return None
    return Credentials(user, password, token, registry)
