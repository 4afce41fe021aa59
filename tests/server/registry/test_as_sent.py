"""Empty lists and maps in messages."""

import pytest

from podo.api.field_errors import FieldError, invalid, required
from podo.server.registry.as_sent import as_sent

BODY = (
    b'{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"labels": {}, "annotations": {"a": "b"}},'
    b' "spec": {"rules": [], "tls": [{"hosts": [], "secretName": null}], "defaultBackend": {}}}'
)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("metadata.labels", "Invalid value: {}: no", id="an empty map"),
        pytest.param("spec.tls[0].hosts", "Invalid value: []: no", id="an empty list in a list"),
        pytest.param("spec.tls[1].hosts", "Invalid value: null: no", id="beyond the end"),
        pytest.param("metadata.annotations", "Invalid value: null: no", id="what is not empty was dropped on purpose"),
        pytest.param("spec.tls[0].secretName", "Invalid value: null: no", id="null"),
        pytest.param("spec.other.labels", "Invalid value: null: no", id="nothing"),
        pytest.param("spec.defaultBackend", "Invalid value: null: no", id="a structure"),
    ],
)
def test_an_empty_value_is_shown_as_it_was_sent(path: str, shown: str) -> None:
    [error] = as_sent([invalid(path, None, "no")], BODY)
    assert error.body() == shown


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[" * 100_000, b"[]", b'{"apiVersion": "a/b", "kind": "Other"}'])
def test_what_cannot_be_read_changes_nothing(body: bytes) -> None:
    errors = [invalid("metadata.labels", None, "no")]
    assert as_sent(errors, body) == errors


def test_errors_with_values_of_their_own_stay_as_they_are() -> None:
    errors: list[FieldError] = [required("spec.rules[0].hosts"), invalid("spec.rules[0].hosts", ["a"], "no")]
    assert as_sent(errors, BODY) == errors


YAML = b"""
apiVersion: networking.k8s.io/v1
kind: Ingress
spec:
  rules: []
"""
PATCHED = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"rules": []}}


@pytest.mark.parametrize("sent", [YAML, PATCHED], ids=["yaml", "patched"])
def test_what_is_empty_in_yaml_or_after_a_patch_is_shown_too(sent) -> None:
    [error] = as_sent([invalid("spec.rules", None, "no")], sent)
    assert error.body() == "Invalid value: []: no"
