"""In which form answers go out."""

import pytest

from podo.api.errors import NotAcceptable, UnsupportedMediaType
from podo.server.http.negotiation import Form, body_media_type, negotiate

JSON, YAML = "application/json", "application/yaml"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form(JSON)),
        ("*/*", Form(JSON)),
        ("application/yaml", Form(YAML)),
        ("application/json;q=0.5, application/yaml", Form(YAML)),
        ("text/html, application/json", Form(JSON)),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Form(JSON, "Table")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Form(JSON)),
        (
            "application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io",
            Form(JSON, "PartialObjectMetadata", "v1beta1"),
        ),
    ],
)
def test_the_best_form_that_we_have(accept, form):
    assert negotiate(accept) == form


@pytest.mark.parametrize("accept", ["text/plain", "application/*", "application/xml"])
def test_what_we_do_not_have_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable, match="406: Not Acceptable"):
        negotiate(accept)


def test_a_form_that_we_cannot_turn_objects_into_is_not_acceptable():
    with pytest.raises(NotAcceptable, match="only the following media types are accepted"):
        negotiate("application/json;as=Foo;v=v1;g=meta.k8s.io")


@pytest.mark.parametrize("text", ["", "application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_bodies_are_json_unless_they_say_otherwise(text):
    assert body_media_type(text) == JSON


def test_other_bodies_are_unsupported():
    with pytest.raises(UnsupportedMediaType, match="accepted media types include: application/json"):
        body_media_type("text/plain")
