"""Volumes on the true file system, as far as that needs no mounts."""

import asyncio
import base64
import os
import stat
from pathlib import Path

import msgspec
import pytest

from podo.api.types.core_v1 import ConfigMap, KeyToPath, Secret, Volume
from podo.client.base import Key
from podo.client.informers import Informers
from podo.node.references import References
from podo.node.runtime.config import MountPropagation
from podo.node.volumes import atomic, empty_dir, host_path
from podo.node.volumes.base import MountFailure, Places, VolumeFailure
from podo.node.volumes.files import File, config_map_files, secret_files, token_file
from podo.node.volumes.mounted import NodeVolumes
from podo.node.volumes.mounts import plan_mounts
from podo.node.volumes.sources import ContentSources
from podo.node.volumes.subpath import bind
from podo.node.volumes.tokens import Tokens
from podo.node.worker.fields import FieldContext
from tests.node.build import UID, pod, spec_of

NOBODY = atomic.Ownership()


def key(name, path, mode=None):
    return KeyToPath(key=name, path=path, mode=mode)


# What stands in them

MAP = msgspec.convert({"data": {"a": "1", "b": "2"}, "binaryData": {"c": base64.b64encode(b"\0").decode()}}, ConfigMap)
SECRET = msgspec.convert({"data": {"p": base64.b64encode(b"word").decode()}}, Secret)


def test_a_config_map_gives_all_its_keys():
    assert config_map_files(MAP, (), 0o600, optional=False) == {
        "a": File(b"1", 0o600),
        "b": File(b"2", 0o600),
        "c": File(b"\0", 0o600),
    }


def test_items_choose_place_and_mode():
    found = config_map_files(MAP, (key("a", "x/y", 0o400), key("b", "z")), 0o644, optional=False)
    assert found == {"x/y": File(b"1", 0o400), "z": File(b"2", 0o644)}


def test_a_missing_key_is_an_error_unless_optional():
    with pytest.raises(VolumeFailure, match="configmap references non-existent config key: no"):
        config_map_files(MAP, (key("no", "x"),), 0o644, optional=False)
    assert config_map_files(MAP, (key("no", "x"),), 0o644, optional=True) == {}
    with pytest.raises(VolumeFailure, match="references non-existent secret key: no"):
        secret_files(SECRET, (key("no", "x"),), 0o644, optional=False)


def test_a_secret_is_decoded():
    assert secret_files(SECRET, (), 0o644, optional=False) == {"p": File(b"word", 0o644)}


def test_a_token_is_for_the_pods_user_only():
    assert token_file(pod(), "t", 0o644) == File(b"t", 0o644, None)
    assert token_file(pod(securityContext={"runAsUser": 7}), "t", 0o644) == File(b"t", 0o600, 7)
    assert token_file(pod(securityContext={"runAsUser": 7, "fsGroup": 9}), "t", 0o644) == File(b"t", 0o600, 7)
    assert token_file(pod(securityContext={"fsGroup": 9}), "t", 0o644) == File(b"t", 0o600, None)


# How it is written


def content(folder):
    return {n: (folder / n).read_text() for n in sorted(os.listdir(folder)) if not n.startswith("..")}


def test_all_files_change_at_once(tmp_path):
    assert atomic.write(tmp_path, {"a": File(b"1"), "d/b": File(b"2")}, "one", NOBODY)
    assert os.readlink(tmp_path / "a") == "..data/a"
    assert (tmp_path / "d" / "b").read_text() == "2"
    assert atomic.write(tmp_path, {"a": File(b"3")}, "two", NOBODY)
    assert content(tmp_path) == {"a": "3"}
    assert os.readlink(tmp_path / "..data") == "..two"
    assert not (tmp_path / "..one").exists()


def test_the_same_content_is_not_written_again(tmp_path):
    atomic.write(tmp_path, {"a": File(b"1")}, "one", NOBODY)
    assert not atomic.write(tmp_path, {"a": File(b"1")}, "two", NOBODY)
    assert atomic.write(tmp_path, {"a": File(b"1", 0o600)}, "three", NOBODY)


def test_modes_are_kept_and_opened_for_the_group(tmp_path):
    atomic.write(tmp_path, {"a": File(b"1", 0o400)}, "one", atomic.Ownership(1234))
    found = (tmp_path / "a").stat()
    assert stat.S_IMODE(found.st_mode) == 0o440
    assert found.st_gid == 1234


@pytest.mark.parametrize("path", ["../a", "/a", "x/../../a"])
def test_no_file_leaves_its_volume(tmp_path, path):
    with pytest.raises(ValueError, match="outside"):
        atomic.write(tmp_path, {path: File(b"1")}, "one", NOBODY)


# hostPath

PATHS = [
    ("Directory", "folder", ""),
    ("Directory", "none", "is not a directory"),
    ("Directory", "file", "is not a directory"),
    ("File", "file", ""),
    ("File", "folder", "is not a file"),
    ("Socket", "file", "is not a socket file"),
    ("CharDevice", "file", "is not a character device"),
    ("DirectoryOrCreate", "new/deep", ""),
    ("DirectoryOrCreate", "file", "is not a directory"),
    ("FileOrCreate", "new-file", ""),
    ("", "anything", ""),
]


@pytest.mark.parametrize(("kind", "name", "complaint"), PATHS)
def test_host_paths(tmp_path, kind, name, complaint):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = str(tmp_path / name)
    if complaint:
        with pytest.raises(VolumeFailure, match=complaint):
            host_path.prepare(path, kind)
    else:
        host_path.prepare(path, kind)
        assert os.path.exists(path)


def test_a_host_path_must_not_climb(tmp_path):
    with pytest.raises(VolumeFailure, match=r"must not contain '\.\.'"):
        host_path.prepare(f"{tmp_path}/../x", "")


# emptyDir


def test_an_empty_dir_is_for_everybody(tmp_path):
    source = msgspec.convert({"emptyDir": {}}, Volume).empty_dir
    empty_dir.make(tmp_path / "v", source, pod())
    assert stat.S_IMODE((tmp_path / "v").stat().st_mode) == 0o777


def test_the_size_of_memory_is_the_least_limit():
    limited = spec_of(resources={"limits": {"memory": "1Mi"}})
    wanted = msgspec.structs.replace(pod(), spec=msgspec.structs.replace(pod().spec, containers=(limited,)))
    small = msgspec.convert({"emptyDir": {"medium": "Memory", "sizeLimit": "1Ki"}}, Volume).empty_dir
    large = msgspec.convert({"emptyDir": {"medium": "Memory"}}, Volume).empty_dir
    assert empty_dir.memory_size(small, wanted) == 1024
    assert empty_dir.memory_size(large, wanted) == 1 << 20
    assert empty_dir.memory_size(large, pod()) == 0


# What a container mounts


def mounts(*wanted, volumes=({"name": "v", "emptyDir": {}},), environment=None):
    made = spec_of(volumeMounts=list(wanted))
    paths = {v["name"]: Path("/vol") / v["name"] for v in volumes}
    return plan_mounts(pod(volumes=list(volumes)), made, paths, environment or {})[0]


def test_a_mount_is_writable_and_private():
    (found,) = mounts({"name": "v", "mountPath": "data"})
    assert (found.mount.container_path, found.mount.host_path) == ("/data", "/vol/v")
    assert not found.mount.readonly
    assert found.mount.propagation is MountPropagation.PRIVATE


def test_what_comes_from_the_api_is_read_only():
    (found,) = mounts({"name": "v", "mountPath": "/x"}, volumes=[{"name": "v", "configMap": {"name": "m"}}])
    assert found.mount.readonly


def test_outer_mounts_come_first():
    found = mounts({"name": "v", "mountPath": "/a/b/c"}, {"name": "v", "mountPath": "/a"})
    assert [(p.mount.container_path, p.index) for p in found] == [("/a", 1), ("/a/b/c", 0)]


def test_a_part_may_be_an_expression():
    (found,) = mounts({"name": "v", "mountPath": "/x", "subPathExpr": "a/$(N)"}, environment={"N": "b"})
    assert found.part == "a/b"
    with pytest.raises(MountFailure, match="missing value"):
        mounts({"name": "v", "mountPath": "/x", "subPathExpr": "a/$(NO)"})


@pytest.mark.parametrize("part", ["../x", "a/../../x", "/x"])
def test_a_part_must_stay_inside(part):
    with pytest.raises(MountFailure, match="must be relative"):
        mounts({"name": "v", "mountPath": "/x", "subPath": part})


def test_an_unknown_volume_is_said():
    with pytest.raises(MountFailure, match='cannot find volume "w"'):
        mounts({"name": "w", "mountPath": "/x"})


def test_a_link_out_of_the_volume_is_refused(tmp_path):
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "evil").symlink_to("/etc")
    with pytest.raises(MountFailure, match="leads out of its volume"):
        bind(tmp_path / "volume", "evil/passwd", tmp_path / "target")
    assert not (tmp_path / "target").exists()


# The volumes of a node, against the true API


@pytest.fixture
async def informers(client, clock):
    made = Informers(client, clock)
    running = asyncio.ensure_future(made.run())
    yield made
    running.cancel()


@pytest.fixture
def volumes(tmp_path, client, clock, informers):
    references = References(client, informers, clock)
    sources = ContentSources(references, Tokens(client, clock), FieldContext())
    return NodeVolumes(Places(tmp_path / "pods", tmp_path / "volatile"), sources, clock)


def with_volume(**source):
    return pod(volumes=[{"name": "v"} | source], meta={"labels": {"a": "b"}})


async def create(client, cls, **body):
    return await client.create(msgspec.convert({"metadata": {"name": "m", "namespace": "default"}} | body, cls))


async def test_a_config_map_volume_follows_its_object(volumes, client, clock, tmp_path):
    made = await create(client, ConfigMap, data={"a": "1"})
    wanted = with_volume(configMap={"name": "m"})
    await volumes.mount(wanted)
    folder = tmp_path / "pods" / UID / "volumes" / "v"
    assert content(folder) == {"a": "1"}
    await client.update(msgspec.structs.replace(made, data={"b": "2"}))
    await clock.run_for(0)
    await volumes.refresh(wanted)
    assert content(folder) == {"b": "2"}


async def test_a_missing_object_is_told_and_mounts_later(volumes, client, clock, tmp_path):
    wanted = with_volume(secret={"secretName": "m"})
    with pytest.raises(VolumeFailure) as caught:
        await volumes.mount(wanted)
    assert str(caught.value) == 'MountVolume.SetUp failed for volume "v" : secret "m" not found'
    await create(client, Secret, data={"p": base64.b64encode(b"word").decode()})
    await clock.run_for(0)
    await volumes.mount(wanted)
    assert content(tmp_path / "volatile" / UID / "v") == {"p": "word"}


async def test_an_optional_object_may_be_missing(volumes, tmp_path):
    await volumes.mount(with_volume(configMap={"name": "m", "optional": True}))
    assert content(tmp_path / "pods" / UID / "volumes" / "v") == {}


async def test_a_projected_volume_joins_its_sources(volumes, client, tmp_path):
    await create(client, ConfigMap, data={"a": "1"})
    fields = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    sources = [{"configMap": {"name": "m"}}, {"downwardAPI": {"items": fields}}]
    await volumes.mount(with_volume(projected={"sources": sources}))
    assert content(tmp_path / "volatile" / UID / "v") == {"a": "1", "labels": 'a="b"'}


async def test_nothing_is_left_of_a_pod_that_is_gone(volumes, client, tmp_path):
    await create(client, ConfigMap, data={"a": "1"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").touch()
    wanted = pod(
        volumes=[
            {"name": "v", "configMap": {"name": "m"}},
            {"name": "e", "emptyDir": {}},
            {"name": "h", "hostPath": {"path": str(outside)}},
        ]
    )
    await volumes.mount(wanted)
    await volumes.release(UID)
    assert not list((tmp_path / "pods" / UID).iterdir())
    assert (outside / "keep").exists()


async def test_an_object_is_watched_only_while_somebody_needs_it(client, clock, informers):
    await create(client, ConfigMap, data={"a": "1"})
    told = []
    references = References(client, informers, clock, told.append)
    assert (await references.get(ConfigMap, "default", "m", uid="x")).data == {"a": "1"}
    assert await references.get(ConfigMap, "default", "none", uid="x") is None
    told.clear()
    await client.update(msgspec.structs.replace(await current(client), data={"a": "2"}))
    await clock.run_for(0)
    assert told == ["x"]
    references.release("x")
    told.clear()
    await client.update(msgspec.structs.replace(await current(client), data={"a": "3"}))
    await clock.run_for(0)
    assert told == []


async def current(client):
    return await client.get(ConfigMap, Key("default", "m"))
