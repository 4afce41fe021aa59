"""What is prepared on a node, on disk: an agent that starts anew must know what it has to take back."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec


class PreparedDevice(msgspec.Struct, frozen=True):
    """A device as its driver prepared it; without `requests` it is for all requests of its claim."""

    pool: str
    device: str
    cdi: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    share: str = ""


class ClaimRecord(msgspec.Struct):
    """A claim that drivers were asked to prepare, for the Pods of these uids. `ready`: since this agent started."""

    uid: str
    namespace: str
    name: str
    drivers: dict[str, list[PreparedDevice]] = {}
    pods: set[str] = set()
    ready: bool = False

    def cdi_devices(self, request: str = "") -> list[str]:
        """The ids of what a container gets that uses the claim, or one of its requests."""
        base = request.partition("/")[0]
        return [
            id
            for devices in self.drivers.values()
            for device in devices
            if not base or not device.requests or base in device.requests
            for id in device.cdi
        ]


class ClaimRecords:
    """The records of a node, by namespace and name."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._records = {(r.namespace, r.name): r for r in _read(file)}

    def get(self, namespace: str, name: str) -> ClaimRecord | None:
        return self._records.get((namespace, name))

    def __iter__(self) -> Iterator[ClaimRecord]:
        return iter(list(self._records.values()))

    def add(self, record: ClaimRecord) -> None:
        """One more; `save` it before a driver hears of it."""
        self._records[record.namespace, record.name] = record

    def remove(self, record: ClaimRecord) -> None:
        """Nothing of it is prepared any more."""
        self._records.pop((record.namespace, record.name), None)

    def save(self) -> None:
        """Have what is known on disk."""
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode([msgspec.structs.replace(r, ready=False) for r in self]))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._file)


def _read(file: Path) -> list[ClaimRecord]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[ClaimRecord])
    except (FileNotFoundError, msgspec.MsgspecError):
        return []
