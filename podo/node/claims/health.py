"""What drivers say of the health of their devices (KEP-4680), as long as they say it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from podo.api.resource_claims import claim_name
from podo.api.types.core_v1 import Container, Pod, ResourceHealth, ResourceStatus
from podo.clock import Clock
from podo.node.claims.drivers import ClaimDriver
from podo.node.claims.records import ClaimRecord, ClaimRecords, PreparedDevice
from podo.node.claims.wire import WATCH
from podo.rpc.caller import CallFailed

NAMES = {1: "Healthy", 2: "Unhealthy"}
UNKNOWN = "Unknown"
LASTS = timedelta(seconds=30)
AGAIN = 5.0
MESSAGE_AT_MOST = 1024
DeviceName = tuple[str, str, str]
"""Driver, pool, device."""


@dataclass(frozen=True)
class Health:
    """What was said of a device, and until when it counts."""

    health: str = UNKNOWN
    message: str = ""
    until: datetime | None = None


class DeviceHealth:
    """Follows drivers; `changed` is told the uids of the Pods whose devices are otherwise now."""

    def __init__(self, records: ClaimRecords, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._known: dict[DeviceName, Health] = {}
        self.changed: Callable[[set[str]], None] = lambda uids: None

    async def follow(self, driver: ClaimDriver) -> None:
        """Listen until cancelled, or until it turns out that the driver does not tell."""
        while True:
            try:
                async for answer in driver.caller.stream(WATCH):
                    self._take_in(driver.name, answer)
            except CallFailed as error:
                if error.code == "UNIMPLEMENTED":
                    return
            finally:
                self._forget(driver.name)
            await self._clock.sleep(AGAIN)

    def of(self, device: DeviceName) -> Health:
        """What is known of a device now."""
        known = self._known.get(device, Health())
        return Health() if known.until is None or known.until < self._clock.now() else known

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        """The devices of a container's claims, as its status tells of them."""
        entries = {entry.name: claim_name(pod, entry) for entry in pod.spec.resource_claims}
        found: dict[str, ResourceStatus] = {}
        for use in container.resources.claims if container.resources else ():
            record = self._records.get(pod.metadata.namespace, entries.get(use.name, ""))
            name = f"claim:{use.name}/{use.request}" if use.request else f"claim:{use.name}"
            resources = dict(self._resources(record, use.request)) if record is not None else {}
            if resources:
                found[name] = ResourceStatus(name=name, resources=tuple(resources.values()))
        return tuple(found.values())

    def _resources(self, record: ClaimRecord, request: str) -> Iterator[tuple[str, ResourceHealth]]:
        for driver, devices in record.drivers.items():
            for device in devices:
                if not request or not device.requests or request.partition("/")[0] in device.requests:
                    known = self.of((driver, device.pool, device.device))
                    id = _resource_id(driver, device)
                    yield id, ResourceHealth(resource_id=id, health=known.health, message=known.message)

    def _take_in(self, driver: str, answer: Any) -> None:
        told = {(driver, d.device.pool_name, d.device.device_name): _health(d) for d in answer.devices}
        others = {name for name in self._known if name[0] == driver} - told.keys()
        changed = {name for name, health in told.items() if self._said(name) != (health.health, health.message)}
        self._known |= told
        for name in others:  # not said any more: it counts until its time is over
            changed |= {name} if self.of(name).health == UNKNOWN else set()
        self._tell(changed)

    def _said(self, name: DeviceName) -> tuple[str, str]:
        known = self.of(name)
        return known.health, known.message

    def _forget(self, driver: str) -> None:
        gone = {name for name in self._known if name[0] == driver}
        for name in gone:
            del self._known[name]
        self._tell(gone)

    def _tell(self, devices: set[DeviceName]) -> None:
        uids: set[str] = set()
        for record in self._records:
            has = {(driver, d.pool, d.device) for driver, prepared in record.drivers.items() for d in prepared}
            uids |= record.pods if has & devices else set()
        if uids:
            self.changed(uids)


def _health(told: Any) -> Health:
    seconds = told.health_check_timeout_seconds
    lasts = timedelta(seconds=seconds) if seconds > 0 else LASTS
    said = datetime.fromtimestamp(told.last_updated_time, UTC)
    text = told.message
    if len(text) > MESSAGE_AT_MOST:
        text = text[: MESSAGE_AT_MOST - 3] + "..."
    return Health(NAMES.get(told.health, UNKNOWN), text, said + lasts)


def _resource_id(driver: str, device: PreparedDevice) -> str:
    return device.cdi[0] if device.cdi else f"{driver}/{device.pool}/{device.device}"
