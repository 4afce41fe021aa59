"""Image names, as Docker reads them."""

import pytest

from podo.api.image_reference import parse, tag_of

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nginx", ("docker.io", "library/nginx", "", "")),
        ("me/nginx:1", ("docker.io", "me/nginx", "1", "")),
        ("localhost:5000/a:v1@" + DIGEST, ("localhost:5000", "a", "v1", DIGEST)),
        ("UPPER/a", ("UPPER", "a", "", "")),
        ("index.docker.io/a", ("docker.io", "library/a", "", "")),
    ],
)
def test_names_have_parts(name, parts):
    assert parse(name) == parts


@pytest.mark.parametrize("name", ["", "a b", "Nginx", "a:", "a@sha256:abc", "f" * 64, "a" * 300, "a@md5:" + "a" * 32])
def test_other_texts_are_no_image_names(name):
    assert parse(name) is None
    assert tag_of(name) == ""


def test_the_tag_is_latest_where_there_is_none():
    assert (tag_of("a"), tag_of("a:b"), tag_of("a@" + DIGEST)) == ("latest", "b", "")
