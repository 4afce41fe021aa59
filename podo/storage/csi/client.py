"""Calls to a driver behind a socket of the machine."""

from pathlib import Path
from typing import Any

from podo.rpc import caller
from podo.rpc.caller import CallFailed
from podo.storage.csi.wire import MESSAGES
from podo.storage.drivers import DriverFailure, NoRoom

FULL = ("RESOURCE_EXHAUSTED", "OUT_OF_RANGE")


class SocketCaller(caller.SocketCaller):
    """Calls over one socket; what fails is a DriverFailure, or NoRoom."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket, MESSAGES)

    async def call(self, method: str, /, **fields: Any) -> Any:
        try:
            return await super().call(method, **fields)
        except CallFailed as error:
            raise (NoRoom if error.code in FULL else DriverFailure)(str(error)) from error
