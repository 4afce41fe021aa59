"""Selectors of devices."""

import pytest

from podo.cel.devices import SelectorError, TooExpensive, device_value, matches, selector
from podo.cel.errors import EvalError

DEVICE = device_value(
    "gpu.example.com",
    {"model": {"string": "big"}, "other.com/version": {"version": "1.2.3"}, "count": {"int": 4}, "on": {"bool": True}},
    {"memory": "16Gi"},
)


@pytest.mark.parametrize(
    "source",
    [
        "device.driver == 'gpu.example.com'",
        "device.attributes['gpu.example.com'].model == 'big'",
        "device.attributes['other.com'].version.isGreaterThan(semver('1.0.0'))",
        "device.capacity['gpu.example.com'].memory.compareTo(quantity('8Gi')) >= 0",
        "!('x' in device.attributes['nobody.com']) && !device.allowMultipleAllocations",
        "cel.bind(a, device.attributes['gpu.example.com'], a.count == 4 && a.on)",
    ],
)
def test_it_chooses_the_device(source):
    assert matches(selector(source), DEVICE) is True


def test_a_missing_attribute_fails():
    with pytest.raises(EvalError, match="no such key: nope"):
        matches(selector("device.attributes['gpu.example.com'].nope == 'x'"), DEVICE)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("nope", "undeclared reference to 'nope'"),
        ("device.nope == 1", "undefined field 'nope'"),
        ("'x'", "must evaluate to bool or the unknown type, not string"),
    ],
)
def test_a_bad_selector_is_refused(source, fault):
    with pytest.raises(SelectorError, match=fault):
        selector(source)


def test_a_costly_selector_is_refused():
    loop = "device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, {}))))"
    with pytest.raises(TooExpensive):
        selector(loop.format("a + b + c + d == ''"))
