import pytest

from podo.node.images.base import BuildFailed
from podo.node.images.buildah import explain, find_dockerfile
from podo.node.images.dockerfile import base_images, instructions, line_of_step

STAGED = """\
# syntax=docker/dockerfile:1
ARG BASE=busybox
ARG TAG="1.0"

FROM --platform=linux/amd64 ${BASE}:$TAG AS build
RUN --mount=type=bind,from=tools:v1,target=/t make \\
    # a comment inside
    all
FROM scratch
COPY --chown=1:1 --from=build /out /out
COPY --from=other:v2 /x /x
COPY --from=0 /y /y
"""


def test_every_outer_image_is_found():
    assert base_images(STAGED) == ["busybox:1.0", "tools:v1", "other:v2"]


def test_build_arguments_change_the_base():
    assert base_images(STAGED, {"BASE": "alpine"})[0] == "alpine:1.0"


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM scratch\n", []),
        ("from a\n", ["a"]),
        ("ARG X\nFROM ${X:-b}\n", ["b"]),
        ("ARG X=1\nFROM ${X:+c}\n", ["c"]),
        ("FROM a AS Base\nFROM base\n", ["a"]),
        ("FROM a\nFROM a\n", ["a"]),
        ("", []),
    ],
)
def test_bases_of(text, images):
    assert base_images(text) == images


def test_continued_lines_are_one_instruction_at_its_first_line():
    assert [(line, word) for line, word, _ in instructions(STAGED)] == [
        (2, "ARG"), (3, "ARG"), (5, "FROM"), (6, "RUN"), (9, "FROM"), (10, "COPY"), (11, "COPY"), (12, "COPY"),
    ]  # fmt: skip


def test_another_escape_character_counts():
    assert list(instructions("# escape=`\nRUN a `\n b\n")) == [(2, "RUN", "a  b")]


def test_a_step_has_its_line():
    assert line_of_step(STAGED, 1, 2) == (6, "RUN --mount=type=bind,from=tools:v1,target=/t make  all")
    assert line_of_step(STAGED, 2, 3) == (11, "COPY --from=other:v2 /x /x")
    assert line_of_step(STAGED, 3, 1) is None


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            [
                "STEP 1/3: FROM scratch",
                "STEP 3/3: RUN nope",
                "/bin/sh: nope: not found",
                "subprocess exited with status 127",
                'Error: building at STEP "RUN nope": exit status 127',
            ],
            "Dockerfile:3: RUN nope: exit status 127\n  /bin/sh: nope: not found",
        ),
        (['Error: no contents in "Dockerfile"'], 'Dockerfile: no contents in "Dockerfile"'),
        ([], "Dockerfile: buildah failed without a word"),
    ],
)
def test_a_failed_build_names_its_line(log, said):
    assert explain("FROM scratch\nENV A=1\nRUN nope\n", "Dockerfile", log) == said


def test_a_folder_without_a_build_file_is_named(tmp_path):
    with pytest.raises(BuildFailed, match="has no Dockerfile or Containerfile"):
        find_dockerfile(tmp_path)
    with pytest.raises(BuildFailed, match="is not a folder"):
        find_dockerfile(tmp_path / "no")
    (tmp_path / "Dockerfile").touch()
    assert find_dockerfile(tmp_path).name == "Dockerfile"
