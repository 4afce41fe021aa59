"""Image references, normalised as containerd and the kubelet do (grammar: distribution/reference)."""

import re
from dataclasses import dataclass

from podo.node.images.base import InvalidImageName

DEFAULT_DOMAIN, LEGACY_DOMAIN, OFFICIAL = "docker.io", "index.docker.io", "library"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
MAX_NAME = 255


@dataclass(frozen=True)
class Reference:
    """A full name: `tag` or `digest` (or both) is set. `str` of it is the canonical spelling."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Without tag and digest: "docker.io/library/nginx"."""
        return f"{self.domain}/{self.path}"

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """The reference that a user means by `text`; "latest" if there is neither tag nor digest."""
    if _HEX64.fullmatch(text):
        raise _invalid(text, "invalid repository name, cannot specify 64-byte hexadecimal strings")
    rest, _, digest = text.partition("@")
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise _invalid(text)
    if digest.startswith("sha256:") and not _SHA256.fullmatch(digest):
        raise _invalid(text, "invalid checksum digest length")
    name, tag = _split_tag(rest)
    if tag is not None and not _TAG.fullmatch(tag):
        raise _invalid(text)
    domain, path = _split_domain(name)
    if path != path.lower():
        raise _invalid(text, "repository name must be lowercase")
    if not _DOMAIN.fullmatch(domain) or not _PATH.fullmatch(path):
        raise _invalid(text)
    if len(domain) + len(path) + 1 > MAX_NAME:
        raise _invalid(text, f"repository name must not be more than {MAX_NAME} characters")
    return Reference(domain, path, tag or ("" if digest else "latest"), digest)


def is_image_id(text: str) -> bool:
    """Whether `text` is a store id ("sha256:…", or the bare hex of it) and no name."""
    return bool(_SHA256.fullmatch(text) or _HEX64.fullmatch(text))


def _split_tag(text: str) -> tuple[str, str | None]:
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, None)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (set(first) & set(".:[") or first == "localhost" or first != first.lower()):
        domain, path = (DEFAULT_DOMAIN if first == LEGACY_DOMAIN else first), rest
    else:
        domain, path = DEFAULT_DOMAIN, name
    return domain, f"{OFFICIAL}/{path}" if domain == DEFAULT_DOMAIN and "/" not in path else path


def _invalid(text: str, why: str = "invalid reference format") -> InvalidImageName:
    return InvalidImageName(f'couldn\'t parse image name "{text}": {why}')
