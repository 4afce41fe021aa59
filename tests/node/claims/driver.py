"""A device driver at a real socket: what it is asked for is noted, what it answers is told it."""

from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from podo.node.claims.wire import MESSAGES, METHODS, PREPARE, UNPREPARE, WATCH


class Driver:
    """`error` is what every claim is answered with; `health` what is said of devices, then nothing more."""

    def __init__(self, driver: str = "gpu.example.com") -> None:
        self.name, self.asked = driver, []
        self.error = ""
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

    async def stop(self) -> None:
        await self._server.stop(None)

    def _answer(self, path: str):
        kind, method = METHODS[path][1], path.rsplit("/", 1)[1]

        async def answer(request, _context):
            self.asked += [(method, claim.name) for claim in request.claims]
            one = {PREPARE: self._prepared, UNPREPARE: lambda claim: {"error": self.error}}[method]
            return MESSAGES.make(kind, claims={claim.uid: one(claim) for claim in request.claims})

        return answer

    def _prepared(self, claim) -> dict[str, Any]:
        id = f"{self.name}/gpu={claim.name}"
        device = {"pool_name": "p", "device_name": "d", "cdi_device_ids": [id], "request_names": ["r"]}
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
