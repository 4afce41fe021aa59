"""Image names: the reference grammar of the distribution specification, with Docker's rules for what is left out."""

import re
from typing import NamedTuple

from podo.api.remembering import remembering

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_IDENTIFIER = re.compile("[a-f0-9]{64}")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
PATH_MAX = 255


class ImageReference(NamedTuple):
    """Where an image comes from; `tag` and `digest` are empty where the name has none."""

    domain: str
    path: str
    tag: str
    digest: str


@remembering(4096)
def parse(name: str) -> ImageReference | None:
    """The parts of an image name, with `docker.io` and `library/` added as Docker does; None if it is no image name."""
    if _IDENTIFIER.fullmatch(name):
        return None
    domain, slash, rest = name.partition("/")
    is_domain = slash and ("." in domain or ":" in domain or domain == "localhost" or domain.lower() != domain)
    if not is_domain:
        domain, rest = "docker.io", name
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    match = _REFERENCE.fullmatch(f"{domain}/{rest}")
    if match is None or len(match["path"]) > PATH_MAX:
        return None
    digest = match["digest"] or ""
    algorithm, _, encoded = digest.partition(":")
    if digest and (_DIGEST_LENGTHS.get(algorithm) != len(encoded) or encoded.lower() != encoded):
        return None
    return ImageReference(match["domain"], match["path"], match["tag"] or "", digest)


def tag_of(name: str) -> str:
    """The tag, `latest` if there is neither tag nor digest, "" if this is no image name."""
    reference = parse(name)
    if reference is None:
        return ""
    return reference.tag or ("" if reference.digest else "latest")
