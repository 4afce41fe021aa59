"""POST /csi/DRIVER/SERVICE/METHOD: a call to a storage driver of this node, for who is a side-car to it from afar.

The body is the message, as the answer's is; what fails is a Status whose cause is gRPC's code. Only what controllers
ask of drivers is passed on: a node's own side is its agent's affair.
"""

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from podo.api.errors import APIError, MethodNotAllowed, NotFound
from podo.node.api.server import Request, json_answer
from podo.rpc.caller import CallFailed

PASSED_ON = ("csi.v1.Controller", "csi.v1.GroupController", "csi.v1.Identity")
TOLD_OF_NODES = "NodeGetCapabilities"
CONTENT_TYPE = "application/x-protobuf"


class Passing(Protocol):
    """Who passes calls on: a `SocketCaller`."""

    async def pass_on(self, method: str, body: bytes) -> bytes: ...


class DriverCalls:
    """`driver` finds one by its name."""

    def __init__(self, driver: Callable[[str], Passing | None]) -> None:
        self._driver = driver

    async def __call__(self, request: Request) -> web.StreamResponse:
        if request.http.method != "POST":
            raise MethodNotAllowed("calls to drivers are POSTed")
        if len(request.parts) != 3:
            raise NotFound("the path is /csi/DRIVER/SERVICE/METHOD")
        name, service, method = request.parts
        driver = self._driver(name)
        if driver is None or (service not in PASSED_ON and method != TOLD_OF_NODES):
            raise NotFound(f"this node passes nothing on to {service} of {name}")
        try:
            answer = await driver.pass_on(f"/{service}/{method}", await request.http.read())
        except CallFailed as error:
            failure = APIError(str(error), causes=[{"reason": error.code, "message": error.details}])
            answered = json_answer(failure.status())
            answered.set_status(failure.code)
            return answered
        return web.Response(body=answer, content_type=CONTENT_TYPE)
