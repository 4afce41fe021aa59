import os
import select
import signal
import subprocess
import sys

import pytest

from podo.api_only import complaint, server_options
from podo.client import kubeconfig

COMMAND = (sys.executable, "-m", "podo.main", "server")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--api-only"], ""),
        (["--api-only", "--listen=127.0.0.1:0", "--store", "memory"], ""),
        (["--api-only", "--service-cidr", "10.0.0.0/24,fd00::/112"], ""),
        ([], "with --api-only"),
        (["--api-only", "--port", "1"], "unknown: --port 1"),
        (["--api-only", "--listen", "6443"], "it is HOST:PORT"),
        (["--api-only", "--listen", "localhost:http"], "it is HOST:PORT"),
        (["--api-only", "--service-cidr", "10.0.0.1/24"], "has host bits set"),
    ],
)
def test_flags_are_checked_before_anything_starts(arguments, words):
    said = complaint(server_options(arguments))
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_leaves_nothing_behind(tmp_path, number):
    temporary, out = tmp_path / "tmp", tmp_path / "kubeconfig"
    temporary.mkdir()
    command = [*COMMAND, "--api-only", "--listen", "127.0.0.1:0", "--kubeconfig-out", str(out)]
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as server:
        ready, _, _ = select.select([server.stdout], [], [], 30)
        assert ready
        assert server.stdout.readline().startswith(b"podo API server on https://127.0.0.1:")
        assert kubeconfig.load(out).server.startswith("https://127.0.0.1:")
        assert out.stat().st_mode & 0o777 == 0o600
        server.send_signal(number)
        assert server.wait(timeout=30) == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_store_that_cannot_be_opened_is_said_in_words(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database")
    command = [*COMMAND, "--api-only", "--listen", "127.0.0.1:0", "--store", f"sqlite:{tmp_path}/notes.txt"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("podo: ")
    assert "Traceback" not in ended.stderr
