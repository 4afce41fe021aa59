"""A small, real CSI driver: folders that are bound to where they are wanted. `python -m tests.storage.csi.driver ...`.

It serves identity, controller and node, and registers as drivers do. What it is asked for goes to a log, one line a
call. `--seen-as` is for the paths under which it is told of folders.
"""

import argparse
import asyncio
import json
import shutil
from pathlib import Path

import grpc
import grpc.aio

from podo.node import syscalls
from podo.node.mounts import mounts_below
from podo.storage.csi.wire import METHODS, message, parser


class Driver:
    """`root` has a folder for each volume."""

    def __init__(self, name: str, node: str, root: Path, kubelet: Path, log: Path) -> None:
        self.name, self.node, self.root, self.kubelet, self.log = name, node, root, kubelet, log

    async def answer(self, method: str, request) -> dict:
        """Do what a call asks for; the fields of its answer."""
        short = method.rsplit("/", 1)[1]
        fields = {f.name: _plain(v) for f, v in request.ListFields()}
        with self.log.open("a") as file:
            file.write(json.dumps([short, fields]) + "\n")
        return getattr(self, short, lambda _: {})(request) or {}

    def GetPluginInfo(self, _):
        return {"name": self.name, "vendor_version": "1"}

    def Probe(self, _):
        return {"ready": {"value": True}}

    def ControllerGetCapabilities(self, _):
        return {"capabilities": [{"rpc": {"type": kind}} for kind in (1, 2, 4, 5, 6, 7, 9, 14)]}

    def GetCapacity(self, _):
        return {"available_capacity": 5 << 30}

    def ControllerPublishVolume(self, request):
        assert request.node_id.startswith("id-"), request.node_id
        return {"publish_context": {"device": request.volume_id}}

    def CreateSnapshot(self, request):
        shutil.copytree(self.root / request.source_volume_id, self.root / request.name, dirs_exist_ok=True)
        return {"snapshot": self._snapshot(request.name, request.source_volume_id)}

    def CreateVolumeGroupSnapshot(self, request):
        made = []
        for volume in request.source_volume_ids:
            name = f"{request.name}-{volume}"
            shutil.copytree(self.root / volume, self.root / name, dirs_exist_ok=True)
            made.append(self._snapshot(name, volume))
        return {"group_snapshot": {"group_snapshot_id": request.name, "snapshots": made, "ready_to_use": True}}

    def ListSnapshots(self, request):
        there = (self.root / request.snapshot_id).exists()
        return {"entries": [{"snapshot": self._snapshot(request.snapshot_id, "")}] if there else []}

    def DeleteSnapshot(self, request):
        shutil.rmtree(self.root / request.snapshot_id, ignore_errors=True)

    def DeleteVolumeGroupSnapshot(self, request):
        for snapshot in request.snapshot_ids:
            shutil.rmtree(self.root / snapshot, ignore_errors=True)

    def _snapshot(self, name, volume):
        return {"snapshot_id": name, "source_volume_id": volume, "size_bytes": 1 << 20, "ready_to_use": True}

    def CreateVolume(self, request):
        if request.capacity_range.required_bytes > 1 << 40:
            raise Full
        source = request.volume_content_source
        origin = source.snapshot.snapshot_id or source.volume.volume_id
        if origin:
            shutil.copytree(self.root / origin, self.root / request.name, dirs_exist_ok=True)
        (self.root / request.name).mkdir(exist_ok=True)
        size = request.capacity_range.required_bytes
        places = [{"segments": {"topology.test/host": "here"}}]
        volume = {"volume_id": request.name, "capacity_bytes": size, "accessible_topology": places}
        return {"volume": volume | {"volume_context": dict(request.parameters)}}

    def DeleteVolume(self, request):
        shutil.rmtree(self.root / request.volume_id, ignore_errors=True)

    def ControllerExpandVolume(self, request):
        return {"capacity_bytes": request.capacity_range.required_bytes, "node_expansion_required": True}

    def NodeGetCapabilities(self, _):
        return {"capabilities": [{"rpc": {"type": kind}} for kind in (1, 2, 3, 4)]}

    def NodeGetVolumeStats(self, request):
        path = self._here(request.volume_path)
        used = sum(file.stat().st_size for file in path.iterdir())
        usage = [{"total": 1000, "used": used, "available": 1000 - used, "unit": 1}, {"total": 9, "used": 2, "unit": 2}]
        broken = (path / "broken").exists()
        return {"usage": usage, "volume_condition": {"abnormal": broken, "message": "it is broken" if broken else ""}}

    def NodeGetInfo(self, _):
        places = {"segments": {"topology.test/host": "here"}}
        return {"node_id": f"id-{self.node}", "max_volumes_per_node": 3, "accessible_topology": places}

    def NodeStageVolume(self, request):
        volume = self.root / request.volume_id
        volume.mkdir(exist_ok=True)
        self._bind(volume, self._here(request.staging_target_path))

    def NodeUnstageVolume(self, request):
        self._unbind(self._here(request.staging_target_path))

    def NodePublishVolume(self, request):
        target = self._here(request.target_path)
        target.mkdir(parents=True, exist_ok=True)
        staged = request.staging_target_path
        if not staged:
            own = self.root / request.volume_id
            own.mkdir(exist_ok=True)
            (own / "context").write_text(json.dumps(dict(request.volume_context)))
        self._bind(self._here(staged) if staged else self.root / request.volume_id, target)

    def NodeExpandVolume(self, request):
        return {"capacity_bytes": request.capacity_range.required_bytes}

    def NodeUnpublishVolume(self, request):
        target = self._here(request.target_path)
        self._unbind(target)
        if target.exists():
            target.rmdir()

    def GetInfo(self, _):
        endpoint = f"/var/lib/kubelet/plugins/{self.name}/csi.sock"
        return {"type": "CSIPlugin", "name": self.name, "endpoint": endpoint, "supported_versions": ["1.0.0"]}

    def _here(self, path: str) -> Path:
        """As in a container where the node's folder is mounted under its usual path."""
        assert path.startswith("/var/lib/kubelet/"), path
        return self.kubelet / Path(path).relative_to("/var/lib/kubelet")

    def _bind(self, source: Path, target: Path) -> None:
        if str(target) not in mounts_below(target):
            syscalls.mount(str(source), target, "", syscalls.MS_BIND)

    def _unbind(self, target: Path) -> None:
        if str(target) in mounts_below(target):
            syscalls.unmount(target)


class Full(Exception):
    """There is no room."""


def _plain(value):
    if hasattr(value, "items"):
        return dict(value.items())
    return value if isinstance(value, (str, int, bool)) else str(value)


async def serve(driver: Driver, socket: Path) -> grpc.aio.Server:
    """Answer all calls at a socket."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([_Handlers(driver)])
    server.add_insecure_port(f"unix://{socket}")
    await server.start()
    return server


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def service(self, details):
        if details.method not in METHODS:
            return None
        asked, answered = METHODS[details.method]

        async def handle(request, context):
            try:
                return message(answered, **await self._driver.answer(details.method, request))
            except Full:
                await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no room")
            except (OSError, AssertionError) as error:
                await context.abort(grpc.StatusCode.INTERNAL, str(error))

        return grpc.unary_unary_rpc_method_handler(handle, parser(asked), lambda made: made.SerializeToString())


async def main() -> None:
    """Serve until killed."""
    arguments = argparse.ArgumentParser()
    for option in ("--name", "--node", "--root", "--kubelet", "--log"):
        arguments.add_argument(option, required=True)
    arguments.add_argument("--bare", action="store_true", help="register nowhere")
    given = arguments.parse_args()
    kubelet = Path(given.kubelet)
    driver = Driver(given.name, given.node, Path(given.root), kubelet, Path(given.log))
    driver.root.mkdir(parents=True, exist_ok=True)
    sockets = [kubelet / "plugins" / given.name / "csi.sock"]
    if not given.bare:
        sockets.append(kubelet / "plugins_registry" / f"{given.name}-reg.sock")
    servers = [await serve(driver, socket) for socket in sockets]
    await asyncio.gather(*(server.wait_for_termination() for server in servers))


if __name__ == "__main__":
    asyncio.run(main())
