"""Builds by buildah, in a storage of its own beside the images; the result goes into the image store.

No network is needed for `FROM scratch` nor for images that the store has: those are lent to buildah first.
"""

import asyncio
import os
import re
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from podo.clock import Clock
from podo.node.images import reference
from podo.node.images.base import BuildFailed
from podo.node.images.dockerfile import base_images, line_of_step
from podo.node.images.locks import held
from podo.node.images.store import ImageStore
from podo.node.mounts import unmount_below

NAMES = ("Containerfile", "Dockerfile")
TAIL, QUOTED = 200, 5  # lines of the log: kept, shown with an error
LINE_LIMIT = 1 << 20  # bytes of one line
_STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/\d+:")
_AT_STEP = re.compile(r'^(?:error )?building at STEP ".*?": ')
_NOISE = re.compile(r"subprocess exited|Error: |time=|-->|COMMIT")


@dataclass(frozen=True)
class BuildahConfig:
    """`root` is its storage (layers of former builds, as a cache), `run_root` its changing state."""

    root: Path
    run_root: Path
    program: str = "buildah"
    driver: str = "overlay"  # or "vfs", where there is no overlay on the state folder


class Buildah:
    """Implements `Builder`. Builds of one cluster run one after the other."""

    def __init__(self, store: ImageStore, clock: Clock, config: BuildahConfig) -> None:
        self._store, self._clock, self._config = store, clock, config

    @asynccontextmanager
    async def build(
        self, context: Path, *, dockerfile: Path | None = None, tag: str = "", args: Mapping[str, str] | None = None
    ) -> AsyncIterator[AsyncIterator[str]]:
        file = dockerfile or find_dockerfile(context)
        text = _read(file)
        name = str(reference.parse(tag)) if tag else ""
        for folder in (self._config.root, self._config.run_root):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with held(self._config.root / "podo.lock", self._clock):
            await self._clean()
            lines = self._run(context.absolute(), file.absolute(), text, name, dict(args or {}))
            try:
                yield lines
            finally:
                await lines.aclose()
                await self._clean()

    async def _run(
        self, context: Path, file: Path, text: str, name: str, args: dict[str, str]
    ) -> AsyncGenerator[str, None]:
        for base in base_images(text, args):
            yield f"using {base}"
            await self._lend(base)
        with tempfile.TemporaryDirectory(dir=self._store.root / "tmp") as folder:
            id_file, layout = Path(folder) / "id", Path(folder) / "layout"
            # buildah 1.28 finds a layer in its cache by `ENV X=$ARG` without looking at the argument's value
            cache = "--layers=false" if args else "--layers"
            options = ["--isolation=chroot", cache, "--pull-never", f"--iidfile={id_file}", f"--file={file}"]
            options += [f"--build-arg={key}={value}" for key, value in args.items()]
            tail: deque[str] = deque(maxlen=TAIL)
            async with self._process("build", *options, str(context)) as process:
                assert process.stdout is not None
                async for raw in process.stdout:
                    line = raw.decode(errors="replace").rstrip("\n")
                    tail.append(line)
                    yield line
                if await process.wait():
                    raise BuildFailed(explain(text, file.name, list(tail)))
            image = id_file.read_text().strip()
            await self._call("push", "--quiet", "--disable-compression", image, f"oci:{layout}:image")
            added = await self._store.add_layout(layout, (name,) if name else ())
        yield f"{name or 'the image'} is {added.id}"

    async def _clean(self) -> None:
        """Take away what a build that failed or was killed left: its working containers and their mounts."""
        await self._call("rm", "--all")
        await asyncio.to_thread(unmount_below, self._config.root)

    async def _lend(self, base: str) -> None:
        """Put an image of the store (pulled if it is not there) under its full name into buildah's storage."""
        image = await self._store.find(base) or await self._store.pull(base)
        wanted = reference.parse(base)
        storage = f"[{self._config.driver}@{self._config.root}+{self._config.run_root}]{wanted}"
        with self._store.layout(image.id) as layout:
            await self._store.skopeo.run(
                base, "copy", "--quiet", f"oci:{layout}:image", f"containers-storage:{storage}"
            )

    async def _call(self, *arguments: str) -> None:
        async with self._process(*arguments) as process:
            output, _ = await process.communicate()
        if process.returncode:
            raise BuildFailed(f"buildah {arguments[0]}: {output.decode(errors='replace').strip()}")

    @asynccontextmanager
    async def _process(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        config = self._config
        command = [config.program, "--root", str(config.root), "--runroot", str(config.run_root)]
        command += ["--storage-driver", config.driver, *arguments]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                limit=LINE_LIMIT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise BuildFailed(f"{config.program} is not installed; run `podo setup`") from error
        try:
            yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)  # with what its RUN steps started
                await process.wait()


def find_dockerfile(context: Path) -> Path:
    """The build file of a folder. Raises BuildFailed if there is none."""
    if not context.is_dir():
        raise BuildFailed(f"{context} is not a folder")
    for name in NAMES:
        if (context / name).is_file():
            return context / name
    raise BuildFailed(f"{context} has no {' or '.join(reversed(NAMES))}")


def explain(text: str, file: str, log: list[str]) -> str:
    """Why a build stopped: file, line, instruction, cause, and the last words of a failed command."""
    cause = next((line.removeprefix("Error: ") for line in reversed(log) if line.startswith("Error: ")), "")
    cause = _AT_STEP.sub("", cause) or (log[-1] if log else "buildah failed without a word")
    steps = [(i, found) for i, line in enumerate(log) if (found := _STEP.match(line))]
    if not steps:
        return f"{file}: {cause}"
    at, step = steps[-1]
    place = line_of_step(text, int(step[1] or 1), int(step[2]))
    said = [line for line in log[at + 1 :] if not _NOISE.match(line)][-QUOTED:]
    return f"{file}:{place[0]}: {place[1]}: {cause}" + "".join(f"\n  {line}" for line in said) if place else cause


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError as error:
        raise BuildFailed(f"{file}: no such file") from error
    except UnicodeDecodeError as error:
        raise BuildFailed(f"{file} is not text") from error
