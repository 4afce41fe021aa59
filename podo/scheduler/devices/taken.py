"""What of the devices is taken: whole devices, and shares of those that several claims may have at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from podo.api import quantity
from podo.api.types.resource_v1 import AllocationResult

Amounts = Mapping[str, Decimal]


class DeviceId(NamedTuple):
    """A device in the cluster."""

    driver: str
    pool: str
    device: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass
class Taken:
    """`whole` devices are no one else's; `shares` are how much of each capacity is taken of a device that is shared."""

    whole: set[DeviceId] = field(default_factory=set)
    shares: dict[DeviceId, dict[str, Decimal]] = field(default_factory=dict)

    def touches(self, device: DeviceId) -> bool:
        """Whether anyone has the device, or a share of it."""
        return device in self.whole or device in self.shares

    def add_share(self, device: DeviceId, amounts: Amounts) -> None:
        """One more share is taken."""
        have = self.shares.setdefault(device, {})
        for name, amount in amounts.items():
            have[name] = have.get(name, Decimal(0)) + amount


def taken_by(allocations: Iterable[AllocationResult]) -> Taken:
    """What allocations take. A device that is only watched over (adminAccess) stays free."""
    found = Taken()
    for allocation in allocations:
        for result in allocation.devices.results if allocation.devices else ():
            device = DeviceId(result.driver, result.pool, result.device)
            if result.admin_access:
                continue
            if result.share_id:
                amounts = {name: quantity.parse(text) for name, text in result.consumed_capacity.items()}
                found.add_share(device, amounts)
            else:
                found.whole.add(device)
    return found
