"""Empty lists and maps in messages."""

import pytest

from podo.api.field_errors import FieldError, invalid, required
from podo.server.registry.as_sent import as_sent

BODY = (
    b'{"spec": {"template": {"metadata": {"labels": {}}}, "rules": [{"hosts": []}],'
    b' "selector": {"a": "b"}, "one": null}}'
)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("spec.template.metadata.labels", "Invalid value: {}: no", id="an empty map"),
        pytest.param("spec.rules[0].hosts", "Invalid value: []: no", id="an empty list in a list"),
        pytest.param("spec.rules[1].hosts", "Invalid value: null: no", id="beyond the end"),
        pytest.param("spec.selector", "Invalid value: null: no", id="what is not empty was dropped on purpose"),
        pytest.param("spec.one", "Invalid value: null: no", id="null"),
        pytest.param("spec.other.labels", "Invalid value: null: no", id="nothing"),
    ],
)
def test_an_empty_value_is_shown_as_it_was_sent(path: str, shown: str) -> None:
    [error] = as_sent([invalid(path, None, "no")], BODY)
    assert error.body() == shown


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[" * 100_000])
def test_what_cannot_be_read_changes_nothing(body: bytes) -> None:
    errors = [invalid("spec.template.metadata.labels", None, "no")]
    assert as_sent(errors, body) == errors


def test_errors_with_values_of_their_own_stay_as_they_are() -> None:
    errors: list[FieldError] = [required("spec.rules[0].hosts"), invalid("spec.rules[0].hosts", ["a"], "no")]
    assert as_sent(errors, BODY) == errors
