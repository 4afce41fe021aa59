"""A small, real device plug-in. `python -m tests.node.devices.plugin --folder DIR --resource NAME --log FILE`.

Its devices are those that a file beside the log names, a line each: `id health`. What it is asked for goes to the log.
"""

import argparse
import asyncio
import contextlib
import json
import signal
from pathlib import Path

import grpc
import grpc.aio

from podo.node.devices import wire
from podo.rpc.caller import SocketCaller


class Plugin:
    """Prefers the last devices; `refuses` is a device that it does not allocate."""

    def __init__(self, folder: Path, resource: str, *, prepares: bool = True, prefers: bool = True) -> None:
        self.folder, self.resource, self.endpoint = folder, resource, resource.replace("/", "-") + ".sock"
        self.options = {"pre_start_required": prepares, "get_preferred_allocation_available": prefers}
        self.devices: dict[str, str] = {}
        self.calls: list[tuple[str, list[str]]] = []
        self.refuses = ""
        self.log: Path | None = None
        self._changed = asyncio.Condition()
        self._server = None

    async def start(self) -> None:
        """Listen, and register."""
        self._server = grpc.aio.server()
        paths = (wire.OPTIONS, wire.ALLOCATE, wire.PREFER, wire.PRE_START)
        handlers = {path.rsplit("/", 1)[1]: self._handler(path) for path in paths}
        handlers["ListAndWatch"] = grpc.unary_stream_rpc_method_handler(
            self._list, wire.DEVICES.parser("Empty"), lambda made: made.SerializeToString()
        )
        service = grpc.method_handlers_generic_handler("v1beta1.DevicePlugin", handlers)
        self._server.add_generic_rpc_handlers([service])
        (self.folder / self.endpoint).unlink(missing_ok=True)
        self._server.add_insecure_port(f"unix://{self.folder / self.endpoint}")
        await self._server.start()
        await self.register()

    async def register(self, version: str = wire.VERSION) -> None:
        agent = SocketCaller(self.folder / "kubelet.sock", wire.DEVICES)
        fields = {"version": version, "endpoint": self.endpoint, "resource_name": self.resource}
        try:
            await agent.call(wire.REGISTER, options=self.options, **fields)
        finally:
            await agent.close()

    async def stop(self) -> None:
        if self._server:
            await self._server.stop(None)

    async def offer(self, **devices: str) -> None:
        """These are the devices now: id → health."""
        async with self._changed:
            self.devices = devices
            self._changed.notify_all()

    async def _list(self, request, context):
        while True:
            told = self.devices
            devices = [{"ID": i, "health": h, "topology": {"nodes": [{"ID": 0}]}} for i, h in told.items()]
            yield wire.DEVICES.make("Listed", devices=devices)
            async with self._changed:
                await self._changed.wait_for(lambda: self.devices is not told)  # noqa: B023

    def _handler(self, path):
        asked, answered = wire.DEVICES.methods[path]
        answer = getattr(self, "_" + path.rsplit("/", 1)[1].lower())

        async def handle(request, context):
            if (fields := answer(request)) is None:
                await context.abort(grpc.StatusCode.INTERNAL, "it is broken")
            return wire.DEVICES.make(answered, **fields)

        return grpc.unary_unary_rpc_method_handler(
            handle, wire.DEVICES.parser(asked), lambda made: made.SerializeToString()
        )

    def _log(self, call, ids):
        self.calls.append((call, list(ids)))
        if self.log:
            self.log.write_text(json.dumps(self.calls))

    def _getdevicepluginoptions(self, request):
        return self.options

    def _allocate(self, request):
        (one,) = request.container_requests
        self._log("Allocate", one.devices_ids)
        if self.refuses in one.devices_ids:
            return None
        return {
            "container_responses": [
                {
                    "envs": {"DEVICES": ",".join(one.devices_ids)},
                    "mounts": [{"container_path": "/plugged", "host_path": str(self.folder), "read_only": True}],
                    "devices": [{"container_path": "/dev/plugged", "host_path": "/dev/zero", "permissions": "r"}],
                    "annotations": {"plugged.example.com/devices": "some"},
                }
            ]
        }

    def _getpreferredallocation(self, request):
        (one,) = request.container_requests
        self._log("GetPreferredAllocation", one.available_deviceIDs)
        rest = sorted(set(one.available_deviceIDs) - set(one.must_include_deviceIDs), reverse=True)
        ids = [*one.must_include_deviceIDs, *rest][: one.allocation_size]
        return {"container_responses": [{"deviceIDs": ids}]}

    def _prestartcontainer(self, request):
        self._log("PreStartContainer", request.devices_ids)
        return {}


async def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("folder", "resource", "log", "devices"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    plugin = Plugin(Path(given.folder), given.resource)
    plugin.devices = dict(pair.split("=") for pair in given.devices.split(","))
    plugin.log = Path(given.log)
    await plugin.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await plugin.stop()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
