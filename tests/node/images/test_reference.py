import pytest

from podo.node.images.base import InvalidImageName
from podo.node.images.reference import is_image_id, parse

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("hello", "docker.io/library/hello:latest"),
        ("hello:v1", "docker.io/library/hello:v1"),
        ("team/hello:v1", "docker.io/team/hello:v1"),
        ("docker.io/hello", "docker.io/library/hello:latest"),
        ("index.docker.io/team/x", "docker.io/team/x:latest"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("example.com/a/b/c:1.2-rc.3", "example.com/a/b/c:1.2-rc.3"),
        ("example.com:80/a", "example.com:80/a:latest"),
        ("[::1]:5000/app:x", "[::1]:5000/app:x"),
        ("Host/app", "Host/app:latest"),
        (f"hello@{DIGEST}", f"docker.io/library/hello@{DIGEST}"),
        (f"hello:v1@{DIGEST}", f"docker.io/library/hello:v1@{DIGEST}"),
        ("a__b/c-d/e.f", "docker.io/a__b/c-d/e.f:latest"),
    ],
)
def test_a_reference_is_normalised(text, full):
    assert str(parse(text)) == full
    assert str(parse(full)) == full


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid reference format"),
        ("hello:", "invalid reference format"),
        ("hello world", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a/-b", "invalid reference format"),
        ("Hello", "repository name must be lowercase"),
        ("x/Hello:v1", "repository name must be lowercase"),
        ("hello:" + "x" * 129, "invalid reference format"),
        ("hello@sha256:abc", "invalid reference format"),
        ("hello@", "invalid reference format"),
        ("hello@sha256:" + "a" * 63, "invalid checksum digest length"),
        ("a" * 64, "cannot specify 64-byte hexadecimal"),
        ("x/" + "a" * 256, "must not be more than 255"),
        ("http://example.com/x", "invalid reference format"),
        ("hello\n", "invalid reference format"),
    ],
)
def test_nonsense_is_named(text, why):
    with pytest.raises(InvalidImageName, match=why):
        parse(text)


def test_ids_are_told_from_names():
    assert is_image_id(DIGEST)
    assert is_image_id("ab" * 32)
    assert not is_image_id("hello")
    assert not is_image_id("sha256:abc")
