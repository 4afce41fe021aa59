"""Debian's containerd in a folder of its own: root, state, socket, configuration, plug-ins; never the machine's."""

import asyncio
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from podo.clock import SystemClock
from podo.network.cni.door import PodDoor, install
from podo.node.cgroups.machine import open_cgroups
from podo.node.mounts import unmount_quietly
from podo.node.pod_cgroups import NodePodCgroups
from podo.node.runtime.cri.calls import SocketCRI
from podo.node.runtime.cri.images import CRIImages
from podo.node.runtime.cri.runtime import CRIConfig, CRIRuntime
from podo.rpc.caller import CallFailed
from tests.node.leftovers import nothing_left
from tests.node.runtime.lab import Lab, LoopbackOnly, busybox_archive

PAUSE = "podo.test/pause:1"
PLUGINS = Path("/usr/lib/cni")
CONFIG = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
disable_tcp_service = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{folder}/cni/bin"
conf_dir = "{folder}/cni/net.d"
"""


@asynccontextmanager
async def containerd(folder: Path) -> AsyncIterator[Path]:
    """Run one below `folder`; its socket. Afterwards its processes and mounts are gone."""
    (folder / "cni/bin").mkdir(parents=True)
    (folder / "cni/net.d").mkdir()
    (folder / "cni/bin/loopback").symlink_to(PLUGINS / "loopback")
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, pause=PAUSE))
    address = folder / "containerd.sock"
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "containerd", "--config", str(folder / "config.toml"), stdout=log, stderr=log
        )
    try:
        await _answers(address, folder / "log")
        yield address
    finally:
        process.terminate()
        await process.wait()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if (point := line.split()[4]).startswith(f"{folder}/"):
                unmount_quietly(Path(point))
        shutil.rmtree(folder, ignore_errors=True)


async def _answers(address: Path, log: Path) -> None:
    """Wait until it does. Raises TimeoutError with the end of its log."""
    clock, cri = SystemClock(), SocketCRI(address)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    await cri.call("Version", version="v1")
                    return
                except CallFailed:
                    await clock.sleep(0.05)
    except TimeoutError as error:
        raise TimeoutError(f"containerd does not answer: {log.read_text()[-2000:]}") from error
    finally:
        await cri.close()


async def run(*command: str) -> None:
    """Raises RuntimeError with what a command that failed wrote."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {said.decode(errors='replace')}")


def archives(folder: Path) -> tuple[Path, Path]:
    """Archives of busybox as box:v1 and of a pause image."""
    box, pause = folder / "box.tar", folder / "pause.tar"
    busybox_archive(box, "docker.io/library/box:v1")
    busybox_archive(pause, PAUSE, {"Entrypoint": ["/bin/busybox", "sleep", "2147483647"]})
    return box, pause


@asynccontextmanager
async def containerd_lab() -> AsyncIterator[Lab]:
    """podo's CRI client against a containerd of its own."""
    name, clock = f"podo-test-{secrets.token_hex(4)}", SystemClock()
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as made, nothing_left(Path(made), name):
        folder = Path(made)
        box, pause = archives(folder)
        async with containerd(folder / "containerd") as address:
            cri = SocketCRI(address)
            store = CRIImages(cri, folder, clock, address)
            for archive in (box, pause):
                await store.load(archive)
            image = await store.find("box:v1")
            assert image
            network = LoopbackOnly()
            door = PodDoor(folder / "agents/c/nodes/n/cni", network)
            install(folder / "containerd/cni/net.d", folder / "containerd/cni/bin", folder / "agents", replaces=True)
            config = CRIConfig(state=folder / "records", marks={"podo.cluster": name, "podo.node": "n"})

            def runtime() -> CRIRuntime:
                return CRIRuntime(config, cri, door, clock, cgroups=open_cgroups(), dial=dial_here)

            async with door.open(), runtime() as first:
                lab = Lab(first, image.id, str(folder / "logs"), name, network=network)
                try:
                    yield lab
                finally:
                    await asyncio.shield(_clean(lab))
            await cri.close()


async def _clean(lab: Lab) -> None:
    for sandbox in (await lab.runtime.observe()).sandboxes:
        await lab.runtime.remove_pod_sandbox(sandbox.id)
    await NodePodCgroups(open_cgroups(), SystemClock()).remove(lab.cgroup)


async def dial_here(host: str, port: int) -> socket.socket:
    """A connection from this network namespace."""
    made = socket.socket()
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, (host, port))
    return made
