"""Dockerfiles and images that do not work."""

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture
def images(podo):
    """Checks that no image and no mount came to stay."""

    def seen():
        mounts = [
            line.split()[1]
            for line in Path("/proc/self/mounts").read_text().splitlines()
            if f"{podo.state}/build" in line
        ]
        return sorted(i["id"] for i in json.loads(podo("image", "ls", "-o", "json"))), mounts

    before = seen()
    yield
    assert seen() == before


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        ("FROM scratch\nCOPY no-such-file /\n", ("COPY no-such-file /", "no such file or directory")),
        ("FROM scratch\nCOPPY a b\n", ("COPPY",)),
        ("FROM scratch\nCOPY busybox /bin/sh\nRUN echo about to fail; exit 3\n", ("about to fail", "exit status 3")),
        ("FROM localhost:1/no-such\n", ("localhost:1/no-such", "connection refused")),
        ("", ("no",)),
    ],
    ids=["missing file", "unknown instruction", "failing command", "missing base", "empty"],
)
def test_a_dockerfile_that_fails_is_told_with_its_line(podo, hello, tmp_path, dockerfile, words):
    (tmp_path / "Dockerfile").write_text(dockerfile)
    shutil.copy2(hello / "busybox", tmp_path)
    refused = podo.refusal("build", "-t", "wrong:v1", str(tmp_path))
    assert "error:" in refused
    for each in words:
        assert each in refused


@pytest.mark.usefixtures("images")
def test_a_folder_without_a_dockerfile_is_told(podo, tmp_path):
    refused = podo.refusal("build", "-t", "wrong:v1", str(tmp_path))
    assert "Dockerfile" in refused
    assert "is no folder" in podo.refusal("build", "-t", "wrong:v1", str(tmp_path / "none"))
    assert "NAME=VALUE" in podo.refusal("build", "-t", "a:v1", "--build-arg", "X", str(tmp_path))


@pytest.mark.usefixtures("images")
def test_a_tag_that_is_none_is_told(podo, hello):
    assert "UPPER" in podo.refusal("build", "-t", "UPPER:v1", str(hello))


@pytest.mark.usefixtures("images")
def test_an_archive_that_is_none_is_told(podo, tmp_path):
    (tmp_path / "a.tar").write_text("not an archive")
    assert "a.tar" in podo.refusal("image", "load", str(tmp_path / "a.tar"))
    assert "does not exist" in podo.refusal("image", "load", str(tmp_path / "b.tar"))


def test_an_image_that_is_not_there_is_told(podo):
    refused = podo.refusal("image", "rm", "no-such:v1")
    assert "there is no image 'no-such:v1'" in refused
    assert "podo image ls" in refused
