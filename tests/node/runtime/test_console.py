"""The socket over which an OCI runtime sends a command's terminal."""

import asyncio
import os
import sys

import pytest

from podo.node.runtime.console import ConsoleSocket

SENDER = """
import array, os, socket, sys
master, slave = os.openpty()
with socket.socket(socket.AF_UNIX) as console:
    console.connect(sys.argv[1])
    socket.send_fds(console, [b"terminal"], [master])
os.write(slave, b"hello")
sys.stdin.read()
"""


@pytest.fixture
async def sender(tmp_path):
    """Starts a process that sends a terminal, as crun does; it runs until its input ends."""
    started = []

    async def start(script):
        command = [sys.executable, "-c", script, str(tmp_path / "console.sock")]
        started.append(await asyncio.create_subprocess_exec(*command, stdin=-1))
        return started[-1]

    yield start
    for process in started:
        process.stdin.close()
        await process.wait()


async def test_the_terminal_that_is_sent_is_ours(tmp_path, sender):
    with ConsoleSocket(tmp_path) as console:
        terminal = await console.terminal(await sender(SENDER))
    try:
        assert not os.get_blocking(terminal)
        assert not os.get_inheritable(terminal)
        os.set_blocking(terminal, True)
        assert await asyncio.to_thread(os.read, terminal, 100) == b"hello"
    finally:
        os.close(terminal)


async def test_a_process_that_ends_without_one_is_not_waited_for(tmp_path, sender):
    with ConsoleSocket(tmp_path) as console:
        async with asyncio.timeout(10):
            assert await console.terminal(await sender("pass")) == -1


async def test_a_folder_may_have_a_long_name(tmp_path, sender):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with ConsoleSocket(folder):
        assert (folder / "console.sock").is_socket()
