"""Queries of a node's logs, from files made up for it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from podo.api.errors import BadRequest, NotFound
from podo.node.api.log_query import LogQuery, journal_arguments, own_lines, parse_query
from podo.node.api.node_logs import LogPlace, NodeLogs, listing
from podo.node.api.server import Caller, Request

BOOT = datetime(2026, 1, 2, tzinfo=UTC)
HEAD = "n1 kubelet[7]"
LOG = """2026-01-01 12:00:00,000 INFO podo.node: of the last boot
2026-01-02 12:00:00,250 INFO podo.node: container one
  and more of it
2026-01-02 13:00:00,000 INFO podo.node: Container two
"""


def asking(**query):
    return parse_query({"query": ["kubelet"]} | {name: [value] for name, value in query.items()})


def lines(**query):
    found = own_lines(LOG.splitlines(keepends=True), asking(**query), HEAD, BOOT)
    return [line.partition("podo.node: ")[2].strip() or line.partition(": ")[2].strip() for line in found]


def test_lines_look_as_in_a_journal():
    found = own_lines(LOG.splitlines(keepends=True), asking(tailLines="1"), HEAD, BOOT)
    assert found == ["Jan 02 13:00:00.000000 n1 kubelet[7]: INFO podo.node: Container two\n"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["of the last boot", "container one", "and more of it", "Container two"]),
        ({"boot": "0"}, ["container one", "and more of it", "Container two"]),
        ({"boot": "-1"}, ["of the last boot"]),
        ({"pattern": "container"}, ["container one", "Container two"]),
        ({"pattern": "container", "case-sensitive": "true"}, ["container one"]),
        ({"sinceTime": "2026-01-02T12:30:00Z"}, ["Container two"]),
        ({"untilTime": "2026-01-01T23:00:00Z"}, ["of the last boot"]),
        ({"tailLines": "0"}, []),
    ],
)
def test_which_lines_answer(query, expected):
    assert lines(**query) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"query": [""]},
        {"query": ["  "]},
        {"query": ["kubelet", "/foo.log"]},
        {"query": ["/a.log", "/b.log"]},
        {"query": ["a", "b", "c", "d", "e"]},
        {"query": ["kubelet;reboot"]},
        {"query": ["--file=x y"]},
        {"query": ["/a.log"], "tailLines": ["3"]},
        {"query": ["a"], "boot": ["1"]},
        {"query": ["a"], "tailLines": ["100001"]},
        {"query": ["a"], "tailLines": ["some"]},
        {"query": ["a"], "pattern": ["("]},
        {"query": ["a"], "sinceTime": ["yesterday"]},
        {"query": ["a"], "sinceTime": ["2026-01-02T00:00:00Z"], "untilTime": ["2026-01-01T00:00:00Z"]},
    ],
)
def test_nonsense_is_refused(query):
    with pytest.raises(BadRequest):
        parse_query(query)


def test_units_are_asked_of_the_journal():
    query = asking(
        sinceTime="2026-01-02T01:00:00+01:00", tailLines="3", boot="-1", pattern="a", **{"case-sensitive": "1"}
    )
    assert journal_arguments(query) == [
        "--utc", "--no-pager", "--output=short-precise", "--unit=kubelet", "--since=2026-01-02 00:00:00", "--lines=3",
        "--grep=a", "--case-sensitive=true", "--boot=-1",
    ]  # fmt: skip
    assert journal_arguments(LogQuery(services=("a",)))[-1] == "--unit=a"


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "logs"
    (folder / "web").mkdir(parents=True)
    (folder / "web/web.log").write_text("of the web\n")
    (folder / "n1.log").write_text(LOG)
    (folder / "out").symlink_to("/etc/hostname")
    return LogPlace("n1", folder, folder / "n1.log")


async def ask(place, *parts, method="GET", **query):
    http = SimpleNamespace(method=method)
    return await NodeLogs(place)(Request(http, parts, {k: [v] for k, v in query.items()}, Caller("a")))


async def test_the_kubelet_is_the_agent(place):
    found = (await ask(place, "", query="kubelet", tailLines="1")).text
    assert found.endswith("INFO podo.node: Container two\n")
    assert " n1 kubelet[" in found


async def test_services_may_have_files(place):
    assert (await ask(place, "", query="web")).text == "of the web\n"


async def test_where_nothing_was_written_it_says_so(place):
    assert (await ask(place, "", query="kubelet", boot="-1", pattern="no such")).text == "-- No entries --\n"


async def test_folders_are_listed_and_nothing_leads_out_of_them(place):
    found = (await ask(place, "")).text
    assert '<a href="n1.log">n1.log</a>\n<a href="out">out</a>\n<a href="web/">web/</a>\n' in found
    for parts in (("..", "secret"), ("out",), ("n1.log", "below")):
        with pytest.raises(NotFound):
            await ask(place, *parts)


async def test_logs_are_not_written(place):
    with pytest.raises(BadRequest):
        await ask(place, "n1.log", method="DELETE")


def test_names_in_a_listing_are_escaped(tmp_path):
    (tmp_path / '"><b>').touch()
    assert "<b>" not in listing(tmp_path)


def test_the_place_is_where_the_process_writes(tmp_path):
    log, descriptors = tmp_path / "n1.log", tmp_path / "fd"
    log.touch()
    descriptors.mkdir()
    (descriptors / "2").symlink_to(log)
    assert LogPlace.of_this_process("n1", descriptors) == LogPlace("n1", tmp_path, log)
    (descriptors / "2").unlink()
    (descriptors / "2").symlink_to("socket:[7]")
    assert LogPlace.of_this_process("n1", descriptors).own is None
