"""Transport of images by skopeo: from registries and archives into the blobs."""

import asyncio
import base64
import ipaddress
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from podo.node.images.base import Credentials, ImageFailure, ImageNotFound, RegistryUnavailable
from podo.node.images.blobs import Blobs
from podo.node.images.reference import Reference

POLICY = Path("/etc/containers/policy.json")


@dataclass(frozen=True)
class SkopeoConfig:
    """`netns` is the network namespace to reach registries from (None: our own); `registries_conf` has mirrors."""

    program: str = "skopeo"
    netns: Path | None = None
    registries_conf: Path | None = None


class Skopeo:
    """One skopeo process a call."""

    def __init__(self, blobs: Blobs, config: SkopeoConfig | None = None) -> None:
        self._blobs, self._config = blobs, config or SkopeoConfig()

    async def raw_manifest(self, reference: Reference, credentials: Credentials | None) -> bytes:
        """The manifest or index that the registry has under `reference`, byte for byte."""
        with _AuthFile(reference.domain, credentials) as auth:
            options = [*_source_options("", reference, credentials, auth), f"docker://{reference}"]
            return await self.run(str(reference), "inspect", "--raw", *options)

    async def copy(self, reference: Reference, into: Path, credentials: Credentials | None) -> str:
        """Fetch what is missing into the blobs; the manifest's digest. `into` is an empty folder for the layout."""
        with _AuthFile(reference.domain, credentials) as auth:
            options = _source_options("src-", reference, credentials, auth)
            return await self._copy(str(reference), f"docker://{reference}", into, *options)

    async def copy_local(self, source: str, into: Path) -> str:
        """From another transport of skopeo's ("docker-archive:FILE:@0"); the manifest's digest."""
        return await self._copy(source, source, into)

    async def _copy(self, what: str, source: str, into: Path, *options: str) -> str:
        shared = ["--dest-shared-blob-dir", str(self._blobs.root), "--dest-oci-accept-uncompressed-layers"]
        await self.run(what, "copy", "--quiet", *shared, *options, source, f"oci:{into}:image")
        index = msgspec.json.decode((into / "index.json").read_bytes())
        digest: str = index["manifests"][0]["digest"]
        return digest

    async def run(self, what: str, *arguments: str) -> bytes:
        """Any skopeo command; its stdout. `what` is what an error is about."""
        command = [self._config.program, *arguments]
        if not POLICY.exists():
            command.insert(1, "--insecure-policy")
        if self._config.registries_conf:
            command[1:1] = ["--registries-conf", str(self._config.registries_conf)]
        if self._config.netns:
            command[:0] = ["nsenter", f"--net={self._config.netns}", "--"]
        async with _process(command) as process:
            output, errors = await process.communicate()
        if process.returncode:
            raise failure(what, errors.decode(errors="replace"))
        return output


@asynccontextmanager
async def _process(command: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child that does not outlive the caller's interest in it."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except FileNotFoundError as error:
        raise ImageFailure(f"{error.filename} is not installed; run `podo setup`") from error
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _source_options(prefix: str, reference: Reference, credentials: Credentials | None, auth: str | None) -> list[str]:
    options = [f"--{prefix}tls-verify=false"] if is_loopback(reference.domain) else []
    if auth:
        options += [f"--{prefix}authfile", auth]
    if credentials and credentials.registry_token:
        options += [f"--{prefix}registry-token", credentials.registry_token]
    return options


class _AuthFile:
    """Credentials for one call in a file that only we can read; None leaves the machine's own to skopeo."""

    def __init__(self, domain: str, credentials: Credentials | None) -> None:
        self._content = auth_document(domain, credentials)
        self._file: tempfile._TemporaryFileWrapper[bytes] | None = None

    def __enter__(self) -> str | None:
        if self._content is None:
            return None
        self._file = tempfile.NamedTemporaryFile(prefix="podo-auth-", suffix=".json")
        self._file.write(self._content)
        self._file.flush()
        return self._file.name

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.close()


def auth_document(domain: str, credentials: Credentials | None) -> bytes | None:
    """The content of an auth file (containers-auth.json(5)), or None without credentials that belong there."""
    if credentials is None or not (credentials.username or credentials.identity_token):
        return None
    pair = f"{credentials.username}:{credentials.password}".encode()
    entry = {"auth": base64.b64encode(pair).decode()}
    if credentials.identity_token:
        entry["identitytoken"] = credentials.identity_token
    return msgspec.json.encode({"auths": {domain: entry}})


def is_loopback(domain: str) -> bool:
    """Whether a registry is on this machine: spoken to without TLS if it has none, as Docker and containerd do."""
    host = domain[1:].partition("]")[0] if domain.startswith("[") else domain.partition(":")[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_DOWN = re.compile(
    r"connection refused|no such host|i/o timeout|network is unreachable|no route to host|TLS handshake|x509:"
    r"|server misbehaving|connection reset|EOF|temporary failure in name resolution|50[0-4] |context deadline"
    r"|server gave HTTP response to HTTPS client|toomanyrequests|too many requests|StatusCode: (?:429|5\d\d)",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"manifest unknown|name unknown|repository .*not found|404 |StatusCode: 404", re.IGNORECASE)
_DENIED = re.compile(
    r"unauthorized|denied|authentication required|invalid username/password|403 |StatusCode: 40[13]", re.IGNORECASE
)
_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')


def failure(what: str, errors: str) -> ImageFailure:
    """skopeo's stderr as one of our errors, in a sentence for the user."""
    found = _MESSAGE.findall(errors)
    text = (found[-1].replace('\\"', '"').replace("\\\\", "\\") if found else errors).strip()
    if _ABSENT.search(text):
        return ImageNotFound(f"{what}: not found")
    if _DENIED.search(text):
        return ImageNotFound(
            f"pull access denied for {what}: the repository does not exist or needs credentials ({_last(text)})"
        )
    if _DOWN.search(text):
        return RegistryUnavailable(f"failed to pull {what}: {_last(text)}")
    return ImageFailure(f"{what}: {text or 'skopeo failed without a word'}")


def _last(text: str) -> str:
    """The cause at the end of skopeo's chain of contexts."""
    for mark in ("pinging container registry", "reading manifest", "Requesting bear token", "requesting bearer token"):
        if mark in text:
            return text[text.rindex(mark) :]
    return text
