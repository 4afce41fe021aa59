import pytest

from podo.api import errors, field_errors
from podo.api.errors import BY_REASON, APIError, from_status


@pytest.mark.parametrize("cls", BY_REASON.values(), ids=BY_REASON)
def test_an_error_is_the_same_after_a_trip_over_the_wire(cls):
    sent = cls("what happened", name="a", kind="pods")
    received = from_status(sent.status())
    assert (type(received), str(received), received.details) == (cls, "what happened", {"name": "a", "kind": "pods"})
    assert (received.reason, received.code) == (cls.reason, cls.code)


def test_an_unknown_reason_keeps_its_words():
    error = from_status({"reason": "Odd", "code": 418, "message": "teapot"})
    assert (type(error), error.reason, error.code) == (APIError, "Odd", 418)


def test_field_errors_become_one_message_and_a_cause_each():
    found = [field_errors.required("spec.a", ""), field_errors.invalid("spec.b", "x", "must be y")]
    error = field_errors.invalid_object("apps", "Deployment", "d", found)
    assert str(error) == (
        'Deployment.apps "d" is invalid: [spec.a: Required value, spec.b: Invalid value: "x": must be y]'
    )
    assert error.details["causes"] == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.a"},
        {"reason": "FieldValueInvalid", "message": 'Invalid value: "x": must be y', "field": "spec.b"},
    ]
    assert isinstance(error, errors.Invalid)
