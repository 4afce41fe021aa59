"""Stores that do not answer, and those that do, however unfriendly."""

import asyncio
from pathlib import Path

import pytest

from podo.node.volumes.silence import Endpoint, Waiting, connection_of, endpoint_of, is_silent

MOUNTINFO = """36 35 98:0 / /x rw shared:1 - ext4 /dev/root rw
40 35 0:51 / /state/with\\040blank rw - fuse.rclone store:a rw
41 35 0:52 / /y rw - tmpfs tmpfs rw
42 35 0:60 / /state/with\\040blank rw - fuse.rclone store:a rw
"""
S3 = "[store]\ntype = s3\nprovider = Other\naccess_key_id = a\nsecret_access_key = b\nendpoint = http://{}\n"


def test_the_number_of_a_mount_is_that_of_what_lies_on_top():
    assert connection_of(Path("/state/with blank"), MOUNTINFO) == "60"
    assert connection_of(Path("/y"), MOUNTINFO) == ""
    assert connection_of(Path("/nowhere"), MOUNTINFO) == ""


def test_where_nobody_counts_nothing_waits(tmp_path):
    assert Waiting(tmp_path / "missing").at(tmp_path) == 0


@pytest.fixture
async def store():
    """A server that answers what it is told to; None: nothing."""
    answer: list[bytes | None] = [None]
    done = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if answer[0] is None:
            await done.wait()
        else:
            writer.write(answer[0])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    yield S3.format(f"{host}:{port}"), answer
    done.set()
    server.close()


async def test_a_store_that_accepts_connections_and_says_nothing_is_silent(store):
    configuration, _ = store
    assert await is_silent(configuration, None, within=2.0)


@pytest.mark.parametrize("status", [b"404 Not Found", b"403 Forbidden"])
async def test_a_store_that_refuses_is_not_silent(store, status):
    configuration, answer = store
    answer[0] = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert not await is_silent(configuration, None)


async def test_a_store_that_is_gone_is_not_silent(store):
    assert not await is_silent(S3.format("127.0.0.1:1"), None)


@pytest.mark.parametrize(
    ("options", "endpoint"),
    [
        (
            "type = azureblob\nsas_url = https://acc.blob.example.net/c?sig=%3D",
            ("acc.blob.example.net", 443, True),
        ),
        ("type = azureblob\nsas_url = http://127.0.0.1:10000/acc/c?sig=x", ("127.0.0.1", 10000, False)),
        ("type = s3\nendpoint = minio.example.com:9000", ("minio.example.com", 9000, True)),
        ("type = s3\nregion = eu-west-1", ("s3.eu-west-1.amazonaws.com", 443, True)),
    ],
)
def test_where_a_store_listens(options, endpoint):
    assert endpoint_of(f"[store]\n{options}\n") == Endpoint(*endpoint)
