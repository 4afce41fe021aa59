"""The image store on disk. Its folder:

blobs/sha256/<hex>   manifests, configurations, layers as they came
layers/<16 hex>/     unpacked layers, overlay lower directories
index.json           images and their names
uses/<hex>           which container folder has which image mounted
used/<hex>           when an image was used last (the file's time)
locks/, tmp/         of work under way
"""

import builtins
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from podo.clock import Clock
from podo.node.finishing import in_thread
from podo.node.images import archive, overlay, reference
from podo.node.images.base import Credentials, IdleImage, Image, ImageFailure, ImageNotFound, Owners, Progress
from podo.node.images.blobs import Blobs, digest_of, write_atomically
from podo.node.images.index import Entry, Index, can_be_pulled_again
from podo.node.images.layers import Layers, disk_usage
from podo.node.images.locks import held, held_if_free
from podo.node.images.manifest import (
    Manifest,
    architecture,
    diff_ids,
    parse_config,
    parse_manifest,
    platform_digest,
)
from podo.node.images.progress import report_progress
from podo.node.images.reference import Reference
from podo.node.images.skopeo import Skopeo, SkopeoConfig


class _Use(msgspec.Struct, frozen=True):
    """A container's folder and the layers under its root, bottom first."""

    folder: str
    image: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class _Documents:
    manifest: Manifest
    config: dict[str, Any]
    size: int  # bytes, of all blobs


class ImageStore:
    """Implements `Images`, `Rootfs` and `ImageDisk`. Any number of them, in any processes, may share a folder."""

    def __init__(self, root: Path, clock: Clock, skopeo: SkopeoConfig | None = None) -> None:
        for name in ("blobs/sha256", "layers", "uses", "used", "locks", "tmp"):
            (root / name).mkdir(parents=True, exist_ok=True, mode=0o711)
        self.root, self._clock = root, clock
        self._blobs, self._index = Blobs(root / "blobs"), Index(root)
        self._layers = Layers(root / "layers", root / "locks", clock)
        self.skopeo = Skopeo(self._blobs, skopeo)
        self._known: dict[str, _Documents] = {}  # by manifest digest: content-addressed, so never stale

    # Images

    async def pull(self, text: str, credentials: Credentials | None = None, progress: Progress | None = None) -> Image:
        wanted = reference.parse(text)
        async with self._working(f"pull-{hashlib.sha256(str(wanted).encode()).hexdigest()[:32]}"):
            raw = await self.skopeo.raw_manifest(wanted, credentials)
            repo_digest = f"{wanted.name}@{wanted.digest or digest_of(raw)}"
            if wanted.digest and digest_of(raw) != wanted.digest:
                raise ImageFailure(f"{wanted}: the registry's manifest has another digest")
            entry = self._index.find(reference.parse(repo_digest))
            if entry is None:
                entry = await self._fetch(wanted, raw, credentials, progress)
            await self._unpack(entry.manifest)
            tags = (f"{wanted.name}:{wanted.tag}",) if wanted.tag and not wanted.digest else ()
            return await self._add(Entry(entry.id, entry.manifest, tags, (repo_digest,)))

    async def find(self, text: str) -> Image | None:
        entry = self._entry(text)
        return self._image(entry) if entry else None

    async def list(self) -> tuple[Image, ...]:
        images = [self._image(entry) for entry in self._index.list()]
        return tuple(sorted(images, key=lambda image: (image.tags or ("~",), image.id)))

    async def remove(self, text: str) -> bool:
        wanted = text if reference.is_image_id(text) else reference.parse(text)
        removed = self._index.remove(wanted)
        if removed:
            if isinstance(wanted, str):
                self._mark(wanted).unlink(missing_ok=True)
            await self.collect()
        return removed

    async def load(self, archive_path: Path) -> tuple[Image, ...]:
        async with self._working():
            found = await in_thread(archive.sources, archive_path)
            names = [tuple(str(reference.parse(name)) for name in source.names) for source in found]
            return tuple([await self._take(source.transport, tags) for source, tags in zip(found, names, strict=True)])

    async def add_layout(self, layout: Path, tags: tuple[str, ...]) -> Image:
        """Take in the one image of an OCI layout folder (a build's result) under `tags`."""
        async with self._working():
            (source,) = archive.oci_sources("oci", layout, msgspec.json.decode((layout / "index.json").read_bytes()))
            return await self._take(source.transport, tuple(str(reference.parse(tag)) for tag in tags))

    async def tag(self, text: str, name: str) -> Image:
        """Give an image a further name. Raises ImageNotFound."""
        entry = self._entry(text)
        if entry is None:
            raise ImageNotFound(f"{text}: not found")
        return await self._add(Entry(entry.id, entry.manifest, (str(reference.parse(name)),)))

    @contextmanager
    def layout(self, text: str) -> Iterator[Path]:
        """An OCI layout folder that shows the image (for other tools to read), named "image" in it."""
        entry = self._entry(text)
        if entry is None:
            raise ImageNotFound(f"{text}: not found")
        with tempfile.TemporaryDirectory(dir=self.root / "tmp") as folder:
            layout = Path(folder)
            media_type = self._blobs.document(entry.manifest).get("mediaType")
            descriptor = {
                "mediaType": media_type or "application/vnd.oci.image.manifest.v1+json",
                "digest": entry.manifest,
                "size": self._blobs.size(entry.manifest),
                "annotations": {archive.OCI_NAME: "image"},
            }
            (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
            (layout / "index.json").write_bytes(msgspec.json.encode({"schemaVersion": 2, "manifests": [descriptor]}))
            (layout / "blobs").symlink_to(self._blobs.root)
            yield layout

    # Rootfs

    async def mount(self, image_id: str, container_dir: Path, owners: Owners | None = None) -> Path:
        async with self._working():
            use = await self._use(image_id, container_dir)
            return await in_thread(overlay.mount, self._layers.root, use.layers, container_dir, owners)

    async def unmount(self, container_dir: Path) -> None:
        await in_thread(overlay.unmount, container_dir)

    # ImageDisk

    async def idle(self) -> tuple[IdleImage, ...]:
        return await in_thread(self._idle)

    async def used_bytes(self) -> tuple[int, int]:
        return await in_thread(disk_usage, self.root)

    async def collect(self) -> int:
        """Busy with a pull, load or unpack: nothing is collected, and the next call does it."""
        with held_if_free(self.root / "locks" / "gc") as mine:
            return await in_thread(self._collect) if mine else 0

    # Inside

    @asynccontextmanager
    async def _working(self, name: str = "") -> AsyncIterator[None]:
        """Keep the collector away, and who does the same work (`name`) until we have done it."""
        locks = self.root / "locks"
        async with held(locks / "gc", self._clock, shared=True):
            if name:
                async with held(locks / name, self._clock):
                    yield
            else:
                yield

    async def _use(self, image_id: str, container_dir: Path) -> _Use:
        """What was noted when it was first mounted: the image may have been removed since."""
        note = self.root / "uses" / hashlib.sha256(bytes(container_dir)).hexdigest()[:32]
        if note.exists() and container_dir.is_dir():
            use = msgspec.json.decode(note.read_bytes(), type=_Use)
            if use.image == image_id:
                return use
        entry = self._entry(image_id)
        if entry is None:
            raise ImageNotFound(f"{image_id}: not found")
        await self._unpack(entry.manifest)
        names = tuple(Layers.name(diff) for diff in diff_ids(self._documents(entry.manifest).config))
        use = _Use(str(container_dir), entry.id, names)
        write_atomically(note, msgspec.json.encode(use), durable=False)
        self._touch(entry.id)
        return use

    async def _fetch(
        self, wanted: Reference, raw: bytes, credentials: Credentials | None, progress: Progress | None
    ) -> Entry:
        document = _json(raw, str(wanted))
        if digest := platform_digest(document, architecture()):
            wanted = Reference(wanted.domain, wanted.path, digest=digest)
            document = _json(await self.skopeo.raw_manifest(wanted, credentials), str(wanted))
        elif not wanted.digest:
            wanted = Reference(wanted.domain, wanted.path, digest=digest_of(raw))
        manifest = parse_manifest(document)
        with tempfile.TemporaryDirectory(dir=self.root / "tmp") as folder:
            into = Path(folder)
            async with report_progress(progress, str(wanted), manifest, self._blobs, into, self._clock):
                digest = await self.skopeo.copy(wanted, into, credentials)
        return Entry(self._documents(digest).manifest.config, digest)

    async def _take(self, transport: str, tags: tuple[str, ...]) -> Image:
        with tempfile.TemporaryDirectory(dir=self.root / "tmp") as folder:
            digest = await self.skopeo.copy_local(transport, Path(folder))
        await self._unpack(digest)
        return await self._add(Entry(self._documents(digest).manifest.config, digest, tags))

    async def _add(self, entry: Entry) -> Image:
        self._index.add(entry)
        self._touch(entry.id)
        added = self._index.find(entry.id)
        assert added is not None
        return self._image(added)

    async def _unpack(self, manifest_digest: str) -> None:
        documents = self._documents(manifest_digest)
        layers, wanted = documents.manifest.layers, diff_ids(documents.config)
        if len(layers) != len(wanted):
            raise ImageFailure(f"image {documents.manifest.config}: {len(layers)} layers, but {len(wanted)} diff ids")
        for (digest, size), diff_id in zip(layers, wanted, strict=True):
            if not self._layers.has(diff_id):
                if self._blobs.size(digest) != size:
                    raise ImageFailure(f"layer {digest} is not complete in the image store")
                await self._layers.ensure(diff_id, self._blobs.path(digest))

    def _entry(self, text: str) -> Entry | None:
        return self._index.find(text if reference.is_image_id(text) else reference.parse(text))

    def _documents(self, manifest_digest: str) -> _Documents:
        known = self._known.get(manifest_digest)
        if known is None:
            manifest = parse_manifest(self._blobs.document(manifest_digest))
            config = self._blobs.document(manifest.config)
            size = manifest.layers_size + self._blobs.size(manifest.config) + self._blobs.size(manifest_digest)
            known = self._known[manifest_digest] = _Documents(manifest, config, size)
        return known

    def _image(self, entry: Entry) -> Image:
        documents = self._documents(entry.manifest)
        return Image(
            id=entry.id,
            tags=entry.tags,
            digests=entry.digests,
            size=documents.size,
            config=parse_config(documents.config),
            created=documents.config.get("created") or "",
            architecture=documents.config.get("architecture") or "",
        )

    def _idle(self) -> tuple[IdleImage, ...]:
        busy = {use.image for use in self._uses()}
        for image_id in busy:
            self._touch(image_id)
        found = [
            IdleImage(self._image(entry), self._last_use(entry.id))
            for entry in self._index.list()
            if entry.id not in busy and can_be_pulled_again(entry)
        ]
        return tuple(sorted(found, key=lambda idle: (idle.since, idle.image.id)))

    def _touch(self, image_id: str) -> None:
        now = self._clock.now().timestamp()
        file = self._mark(image_id)
        file.touch()
        os.utime(file, (now, now))

    def _last_use(self, image_id: str) -> datetime:
        file = self._mark(image_id)
        if not file.exists():  # of an older podo: it has been idle from now on
            self._touch(image_id)
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)

    def _mark(self, image_id: str) -> Path:
        return self.root / "used" / image_id.removeprefix("sha256:")

    def _collect(self) -> int:
        uses = self._uses()
        in_use = {use.image for use in uses}
        blobs, layers = set[str](), {"empty", *(name for use in uses for name in use.layers)}
        for entry in self._index.list():
            if entry.tags or entry.digests or entry.id in in_use:
                documents = self._documents(entry.manifest)
                blobs |= {entry.manifest, entry.id, *(digest for digest, _ in documents.manifest.layers)}
                layers |= {Layers.name(diff) for diff in diff_ids(documents.config)}
            else:
                self._index.remove(entry.id)
                self._mark(entry.id).unlink(missing_ok=True)
        for leftover in (self.root / "tmp").iterdir():  # nobody works now, so a crash left it
            shutil.rmtree(leftover, ignore_errors=True)
        return self._sweep_blobs(blobs) + self._layers.sweep(layers)

    def _uses(self) -> builtins.list[_Use]:
        uses = []
        for note in (self.root / "uses").iterdir():
            use = msgspec.json.decode(note.read_bytes(), type=_Use)
            if os.path.isdir(use.folder):
                uses.append(use)
            else:
                note.unlink(missing_ok=True)
        return uses

    def _sweep_blobs(self, keep: set[str]) -> int:
        freed = 0
        for blob in (self._blobs.root / "sha256").iterdir():
            if f"sha256:{blob.name}" not in keep:
                freed += blob.stat().st_size
                blob.unlink()
        self._known = {digest: known for digest, known in self._known.items() if digest in keep}
        return freed


def _json(data: bytes, what: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ImageFailure(f"{what}: its manifest is not a JSON object: {error}") from error
