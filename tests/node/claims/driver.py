"""A device driver at a real socket: what it is asked for is noted, what it answers is told it.

`python -m tests.node.claims.driver NAME KUBELET LOG` registers with a node, and describes what it prepares in the
node's folder for such (CDI): the container sees the device in a variable, `DEVICE`.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from podo.node.claims.wire import MESSAGES, METHODS, PREPARE, UNPREPARE, WATCH
from podo.storage.csi import wire as csi
from podo.storage.csi.wire import METHODS as CSI_METHODS


class Driver:
    """`error` is what every claim is answered with; `health` what is said of devices, then nothing more."""

    def __init__(self, driver: str = "gpu.example.com") -> None:
        self.name, self.asked = driver, []
        self.error, self.requests = "", ["r"]
        self.cdi: Path | None = None
        self.log: Path | None = None
        self.health: list[dict[str, Any]] = []
        self._server: grpc.aio.Server | None = None

    async def serve(self, socket: Path) -> None:
        handlers = {}
        for path, (asked, answered) in METHODS.items():
            make = grpc.unary_stream_rpc_method_handler if path == WATCH else grpc.unary_unary_rpc_method_handler
            handlers[path] = make(
                self._watch if path == WATCH else self._answer(path),
                request_deserializer=MESSAGES.parser(asked),
                response_serializer=lambda made: made.SerializeToString(),
            )
            del answered
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers([_Table(handlers)])
        self._server.add_insecure_port(f"unix:{socket}")
        await self._server.start()

    async def register(self, registry: Path, endpoint: str) -> None:
        """Say who it is, to whoever asks at a socket in the registry."""
        info = {"type": "DRAPlugin", "name": self.name, "endpoint": endpoint, "supported_versions": ["v1.DRAPlugin"]}
        methods = {
            "/pluginregistration.Registration/GetInfo": info,
            "/pluginregistration.Registration/NotifyRegistrationStatus": {},
        }
        handlers = {}
        for path, answer in methods.items():
            asked, answered = CSI_METHODS[path]
            handlers[path] = grpc.unary_unary_rpc_method_handler(
                _always(csi.message(answered, **answer)),
                request_deserializer=csi.parser(asked),
                response_serializer=lambda made: made.SerializeToString(),
            )
        socket = registry / f"{self.name}-reg.sock"
        socket.unlink(missing_ok=True)
        self._registration = grpc.aio.server()
        self._registration.add_generic_rpc_handlers([_Table(handlers)])
        self._registration.add_insecure_port(f"unix:{socket}")
        await self._registration.start()

    async def stop(self) -> None:
        await self._server.stop(None)

    def _answer(self, path: str):
        kind, method = METHODS[path][1], path.rsplit("/", 1)[1]

        async def answer(request, _context):
            self.asked += [(method, claim.name) for claim in request.claims]
            if self.log is not None:
                with self.log.open("a") as file:
                    file.writelines(f"{method} {claim.name}\n" for claim in request.claims)
            one = {PREPARE: self._prepared, UNPREPARE: lambda claim: {"error": self.error}}[method]
            return MESSAGES.make(kind, claims={claim.uid: one(claim) for claim in request.claims})

        return answer

    def _prepared(self, claim) -> dict[str, Any]:
        if self.cdi is not None:
            edits = {"env": [f"DEVICE={claim.name}"]}
            body = {"cdiVersion": "0.8.0", "kind": f"{self.name}/gpu"}
            body["devices"] = [{"name": claim.name, "containerEdits": edits}]
            (self.cdi / f"{claim.uid}.json").write_text(json.dumps(body))
        id = f"{self.name}/gpu={claim.name}"
        device = {"pool_name": "p", "device_name": "d", "cdi_device_ids": [id], "request_names": self.requests}
        return {"error": self.error} if self.error else {"devices": [device]}

    async def _watch(self, _request, context):
        for said in self.health:
            yield MESSAGES.make("WatchResponse", devices=[said])
        if not self.health:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no")


class _Table(grpc.GenericRpcHandler):
    def __init__(self, handlers) -> None:
        self._handlers = handlers

    def service(self, details):
        return self._handlers.get(details.method)


def _always(answer):
    async def handle(_request, _context):
        return answer

    return handle


async def main(name: str, kubelet: str, log: str) -> None:
    """Serve until killed."""
    driver, folder = Driver(name), Path(kubelet)
    driver.cdi, driver.log, driver.requests = folder / "cdi", Path(log), []
    place = folder / "plugins" / name / "dra.sock"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    await driver.serve(place)
    await driver.register(folder / "plugins_registry", f"/var/lib/kubelet/plugins/{name}/dra.sock")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
