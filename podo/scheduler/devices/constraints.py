"""What the devices of a claim must have in common, or must not."""

from podo.api.types.resource_v1 import DeviceAttribute, DeviceConstraint
from podo.scheduler.devices.pools import Offer
from podo.scheduler.devices.wanted import Wanted

Value = tuple[str, object]


class Constraint:
    """One constraint of a claim, and the values of the devices chosen so far."""

    def __init__(self, rule: DeviceConstraint) -> None:
        self._requests, self._same = rule.requests, bool(rule.match_attribute)
        self._attribute = rule.match_attribute or rule.distinct_attribute
        self._values: list[Value] = []

    def add(self, wanted: Wanted, offer: Offer) -> bool:
        """Whether one more device keeps to the constraint, and if so, count it."""
        if not wanted.is_among(self._requests):
            return True
        value = attribute_value(offer, self._attribute)
        if value is None or (self._values and (value in self._values) is not self._same):
            return False
        self._values.append(value)
        return True

    def remove(self, wanted: Wanted) -> None:
        """The device that was added last is not taken after all."""
        if wanted.is_among(self._requests):
            self._values.pop()


def attribute_value(offer: Offer, name: str) -> Value | None:
    """A device's attribute by its full name; those of the driver's own domain may be given without it."""
    attributes = offer.device.attributes
    domain, _, identifier = name.partition("/")
    found = attributes.get(name)
    if found is None and domain == offer.id.driver:
        found = attributes.get(identifier)
    return kind_and_value(found) if found is not None else None


def kind_and_value(attribute: DeviceAttribute) -> Value:
    """(`int`, `bool`, `version` or `string`, the value)."""
    if attribute.int_ is not None:
        return "int", attribute.int_
    if attribute.bool_ is not None:
        return "bool", attribute.bool_
    if attribute.version:
        return "version", attribute.version
    return "string", attribute.string
