"""Commands as a user runs them: to their end, or beside the test with what they print read as it comes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


class CommandFailed(AssertionError):
    """A command did not end as the test asks; the text has its words."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    command: Sequence[str]
    status: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"`{' '.join(self.command)}` ended with {self.status}\n{self.stdout}{self.stderr}"


def run(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: str = "", seconds: float = 60, **options: Any
) -> Ended:
    """Run a command to its end."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=environment, timeout=seconds, **options
        )
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(f"`{' '.join(command)}` runs for {seconds} s: {late.stdout!r} {late.stderr!r}") from late
    return Ended(command, done.returncode, done.stdout, done.stderr)


class Running:
    """A command that runs beside the test; `expect` reads on until it has printed something."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, terminal: int | None = None) -> None:
        self.process, self._output, self._terminal = process, output, terminal
        self._read = b""

    @property
    def text(self) -> str:
        """All that was printed, as far as it was read."""
        return self._read.decode(errors="replace")

    def expect(self, pattern: str, seconds: float = 20) -> re.Match[str]:
        """The first match of `pattern` in what was printed. Raises CommandFailed when none comes."""
        end = time.monotonic() + seconds
        while (found := re.search(pattern, self.text, re.MULTILINE)) is None:
            if not self._more(end):
                raise CommandFailed(f"{pattern!r} was not printed within {seconds} s, but:\n{self.text}")
        return found

    def end(self, seconds: float = 20) -> int:
        """The exit status, once the command has ended."""
        end = time.monotonic() + seconds
        while self._more(end):
            pass
        try:
            return self.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired as late:
            raise CommandFailed(f"it still runs; it printed:\n{self.text}") from late

    def type(self, text: str) -> None:
        """What a user types."""
        if self._terminal is not None:
            os.write(self._terminal, text.encode())
        else:
            assert self.process.stdin is not None
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size, and say so as terminals do."""
        assert self._terminal is not None
        set_size(self._terminal, rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def _more(self, end: float) -> bool:
        """Read on; whether there was something before the end of time and of the output."""
        left = end - time.monotonic()
        if left <= 0 or not select.select([self._output], [], [], left)[0]:
            return False
        try:
            data = os.read(self._output, 65536)
        except OSError:  # how a terminal says that nobody is at its other side
            return False
        self._read += data
        return data != b""


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Running]:
    """A command whose two outputs are read as one; it is ended with the block."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    with _ended(process):
        yield Running(process, process.stdout.fileno())


@contextmanager
def on_terminal(
    command: Sequence[str], environment: Mapping[str, str], *, rows: int = 24, columns: int = 80
) -> Iterator[Running]:
    """A command with a terminal of its own as stdin, stdout and stderr."""
    ours, theirs = pty.openpty()
    try:
        set_size(ours, rows, columns)
        process = subprocess.Popen(
            command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        with _ended(process):
            yield Running(process, ours, ours)
    finally:
        os.close(ours)


def set_size(terminal: int, rows: int, columns: int) -> None:
    """Tell a terminal how large it is."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        for pipe in filter(None, (process.stdin, process.stdout)):
            pipe.close()


def until(what: str, look: Callable[[], Any], seconds: float = 20) -> Any:
    """What `look` returns once that is true: for what cannot be watched. Raises CommandFailed after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise CommandFailed(f"not within {seconds} s: {what}")
        select.select([], [], [], 0.05)
    return found
