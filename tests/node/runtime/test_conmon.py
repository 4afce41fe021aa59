import itertools
from pathlib import Path

import pytest

from podo.node.runtime.base import RuntimeFailure, StartFailed
from podo.node.runtime.conmon import ConmonConfig, arguments, create, engine_words, resized
from podo.node.runtime.engine import Engine, choose_program

CONFIG = ConmonConfig("conmon", Engine("/usr/sbin/runc", Path("/run/engine")), Path("/exits"))


def command(**changes) -> list[str]:
    options = {"tty": False, "stdin": False, "stdin_once": False} | changes
    return arguments(CONFIG, "cid", Path("/b"), log=Path("/log"), **options)


def test_conmon_is_told_where_everything_is():
    words = command()
    pairs = set(itertools.pairwise(words))
    assert {("--cid", "cid"), ("--bundle", "/b"), ("--runtime", "/usr/sbin/runc"), ("--exit-dir", "/exits")} <= pairs
    assert {("--log-path", "k8s-file:/log"), ("--runtime-arg", "--root=/run/engine")} <= pairs


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, set()),
        ({"tty": True}, {"--terminal"}),
        ({"stdin": True}, {"--stdin", "--leave-stdin-open"}),
        ({"stdin": True, "stdin_once": True}, {"--stdin"}),
    ],
)
def test_streams_are_as_wanted(changes, flags):
    assert {"--terminal", "--stdin", "--leave-stdin-open"} & set(command(**changes)) == flags


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            'time="2026" level=error msg="runc create failed: exec: \\"/x\\": stat /x: no such file"\n',
            'runc create failed: exec: "/x": stat /x: no such file',
        ),
        ('level=warning msg="a"\nlevel=error msg="b"', "a; b"),
        ("plain words\n", "plain words"),
        ("", "the OCI runtime failed without a word"),
    ],
)
def test_the_engines_words_are_found_in_its_log(message, words):
    assert engine_words(message) == words


def test_a_size_is_rows_first():
    assert resized(80, 24) == "1 24 80\n"


async def test_a_conmon_that_is_not_there_is_named(tmp_path):
    config = ConmonConfig("/no/such/conmon", CONFIG.engine, tmp_path)
    with pytest.raises(RuntimeFailure, match="is not installed"):
        await create(config, "cid", tmp_path, log=tmp_path / "log", tty=False, stdin=False, stdin_once=False)


async def test_a_conmon_that_says_nothing_is_a_failed_start(tmp_path):
    config = ConmonConfig("false", CONFIG.engine, tmp_path)
    with pytest.raises(StartFailed, match="no word from it"):
        await create(config, "cid", tmp_path, log=tmp_path / "log", tty=False, stdin=False, stdin_once=False)


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(RuntimeFailure, match="nosuch is not installed"):
        choose_program(pure_v2=True, wanted="nosuch")
    assert choose_program(pure_v2=False, wanted="sh").endswith("/sh")
