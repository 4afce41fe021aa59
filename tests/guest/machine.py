"""Starts the guest, and runs a command in it."""

import asyncio
import contextlib
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
KERNEL, MODULES = "linux.uml", Path("/usr/lib/uml/modules")
MEMORY, DISK = "2G", 3 << 30  # bytes of disk, of which only those are taken that are written
_ENDED = re.compile(r"^guest: exit status (\d+)\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """What a command in the guest came to. `status` is None if it never ended."""

    status: int | None
    output: str


async def run(folder: Path, *command: str, seconds: float) -> Ended:
    """Run a command from the repository's folder in a guest of its own, whose files are in `folder`."""
    disk = folder / "disk"
    with disk.open("wb") as file:
        file.truncate(DISK)
    await _call("mkfs.ext4", "-q", "-F", str(disk))
    script = folder / "command.sh"
    script.write_text(
        f"cd {ROOT}\nexport PATH={Path(sys.executable).parent}:$PATH PYTHONPATH={ROOT} PYTHONDONTWRITEBYTECODE=1\n"
        + " ".join(f"'{word}'" for word in command)
        + " 2>&1\n"
    )
    arguments = [f"mem={MEMORY}", "rootfstype=hostfs", "rootflags=/", "ro", f"ubd0={disk}", f"init={HERE / 'init.sh'}"]
    arguments += [f"modules={await modules(folder)}", f"command={script}", "quiet", f"umid={folder.name}-{os.getpid()}"]
    arguments += ["con=null", "con0=fd:0,fd:1", "ssl=null"]
    process = await asyncio.create_subprocess_exec(
        KERNEL, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    output = bytearray()
    try:
        async with asyncio.timeout(seconds):
            assert process.stdout
            while data := await process.stdout.read(65536):
                output += data
    except TimeoutError:
        output += f"\nnot over after {seconds} s".encode()
    finally:
        with contextlib.suppress(ProcessLookupError):  # it may just have ended
            os.killpg(process.pid, 9)  # the kernel, and the processes that it has for its own
        await process.wait()
        disk.unlink()
    text = output.decode(errors="replace")
    found = _ENDED.search(text)
    return Ended(int(found[1]) if found else None, text)


async def modules(folder: Path) -> Path:
    """The kernel's modules with an index, which the package leaves to an installation."""
    (packaged,) = MODULES.iterdir()
    target = folder / "lib" / "modules" / packaged.name
    shutil.copytree(packaged, target)
    await _call("busybox", "depmod", "-b", str(folder), packaged.name)
    return target


async def _call(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{' '.join(command)} failed")
