"""Variables from files."""

import os

import pytest

from podo.node.worker.env_files import NotUnderstood, read_value, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A='1'", "1"),
        ("  # a comment\n\n  A='1' # one\nA='2'\n", "1"),
        ("B='x'\nA='two\nlines'\n", "two\nlines"),
        ("A='$HOME \"quoted\" \\n'", '$HOME "quoted" \\n'),
        ("A= '1'", ""),
        ("B= '1'\nA='2'", "2"),
        ("B='1'", ""),
        ("A=''", ""),
    ],
)
def test_a_value_is_what_stands_in_single_quotes(text, value):
    assert value_of(text, "A") == value


@pytest.mark.parametrize("text", ["A=1", 'A="1"', "A ='1'", "='1'", "nothing", "A='1' 2", "A='1\n", "A="])
def test_other_lines_are_not_guessed_at(text):
    with pytest.raises(NotUnderstood):
        value_of(text, "A")


def test_a_link_leads_nowhere_outside_of_its_volume(tmp_path):
    (tmp_path / "secret").write_text("A='of the node'")
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "file").symlink_to(tmp_path / "secret")
    (volume / "own").write_text("A='its own'")
    (volume / "link").symlink_to("/own")
    assert read_value(volume, "link", "A") == "its own"
    for path in ("file", "../secret", "none"):
        with pytest.raises(NotUnderstood):
            read_value(volume, path, "A")


def test_what_is_no_file_does_not_make_anybody_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in ("pipe", "folder"):
        with pytest.raises(NotUnderstood):
            read_value(tmp_path, path, "A")


def test_a_huge_file_is_not_read(tmp_path):
    (tmp_path / "f").write_text("A='" + "x" * (1 << 20) + "'")
    with pytest.raises(NotUnderstood, match="larger"):
        read_value(tmp_path, "f", "A")
