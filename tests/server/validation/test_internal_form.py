"""Values as refusals show them, where there is nothing."""

from podo.server.validation.internal_form import internal_form


def test_raw_fields_that_are_not_there_are_null():
    assert internal_form("OpaqueDeviceConfiguration", {}) == {"Driver": "", "Parameters": None}
