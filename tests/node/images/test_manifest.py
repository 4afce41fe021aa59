import pytest

from podo.node.images.base import ImageFailure
from podo.node.images.manifest import diff_ids, parse_config, parse_manifest, platform_digest

INDEX = {
    "manifests": [
        {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": "sha256:win", "platform": {"os": "windows", "architecture": "amd64"}},
        {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
    ]
}


def test_an_index_gives_the_manifest_of_our_platform():
    assert platform_digest(INDEX, "amd64") == "sha256:amd"
    assert platform_digest(INDEX, "arm64") == "sha256:arm"


def test_a_missing_platform_is_named():
    with pytest.raises(ImageFailure, match="no linux/s390x"):
        platform_digest(INDEX, "s390x")


def test_a_manifest_is_no_index():
    assert platform_digest({"layers": []}, "amd64") is None


def test_a_manifest_lists_its_layers():
    manifest = parse_manifest(
        {"config": {"digest": "c"}, "layers": [{"digest": "a", "size": 3}, {"digest": "b", "size": 4}]}
    )
    assert (manifest.config, manifest.layers, manifest.layers_size) == ("c", (("a", 3), ("b", 4)), 7)


@pytest.mark.parametrize(
    "document", [{}, {"schemaVersion": 1, "fsLayers": []}, {"config": {}, "layers": []}, {"layers": 3}]
)
def test_what_is_no_manifest_is_named(document):
    with pytest.raises(ImageFailure, match="unsupported image manifest"):
        parse_manifest(document)


def test_a_configuration_without_anything_is_empty():
    for document in ({}, {"config": None}, {"config": {"Env": None, "Volumes": None}}):
        assert parse_config(document).env == ()
        assert diff_ids(document) == ()


def test_a_configuration_says_how_to_run():
    config = parse_config({"config": {"User": "1:2", "Env": ["A=1"], "Cmd": ["x"], "Volumes": {"/data": {}}}})
    assert (config.user, config.env, config.cmd, config.volumes) == ("1:2", ("A=1",), ("x",), ("/data",))
