"""podo's own network asked for as a CNI plug-in: the program as a runtime runs it, and the agent behind its door."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from podo.network.base import NetworkFailure, PodSandbox
from podo.network.cni import link_plugin
from podo.network.cni.door import CONFIGURATION, PLUGIN, PodDoor, install, result, uninstall

POD = PodSandbox(id="", netns=Path(), namespace="ns", name="web", uid="uid-1")


class Pods:
    """A network that only remembers."""

    def __init__(self) -> None:
        self.linked: dict[str, PodSandbox] = {}
        self.failure = ""

    async def setup(self, sandbox):
        if self.failure:
            raise NetworkFailure(self.failure)
        self.linked[sandbox.id] = sandbox
        return ("10.244.1.7", "fd00::7")

    async def teardown(self, sandbox):
        self.linked.pop(sandbox.id, None)


@pytest.fixture
async def world(tmp_path):
    """(network, door, how to run the installed program)."""
    pods, agents = Pods(), tmp_path / ("long" * 30)
    door = PodDoor(agents / "c/nodes/n/cni", pods)
    assert install(tmp_path / "net.d", tmp_path / "bin", agents, replaces=False)

    async def plugin(command, uid="uid-1", container="box"):
        configuration = json.loads((tmp_path / "net.d" / CONFIGURATION).read_text())
        given = configuration["plugins"][0] | {"cniVersion": configuration["cniVersion"], "name": "podo"}
        environment = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": container,
            "CNI_NETNS": "/run/netns/x",
            "CNI_IFNAME": "eth0",
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_UID={uid}",
        }
        process = await asyncio.create_subprocess_exec(
            tmp_path / "bin" / PLUGIN, env=os.environ | environment, stdin=-1, stdout=-1
        )
        said, _ = await process.communicate(json.dumps(given).encode())
        return process.returncode, json.loads(said or b"null")

    async with door.open():
        yield pods, door, plugin


async def test_a_pod_that_is_expected_is_linked_and_let_go(world):
    pods, door, plugin = world
    door.expect(POD)
    status, answer = await plugin("ADD")
    assert status == 0
    assert [each["address"] for each in answer["ips"]] == ["10.244.1.7/32", "fd00::7/128"]
    assert answer["interfaces"] == [{"name": "eth0", "sandbox": "/run/netns/x"}]
    assert (pods.linked["box"].name, str(pods.linked["box"].netns)) == ("web", "/run/netns/x")
    assert await plugin("DEL") == (0, None)
    assert not pods.linked


async def test_a_pod_of_somebody_else_is_not_linked(world):
    pods, _, plugin = world
    status, answer = await plugin("ADD", uid="other")
    assert (status, answer["code"]) == (1, link_plugin.UNKNOWN_POD)
    assert not pods.linked


@pytest.mark.parametrize("uid", ["", "../door.sock", "/etc/passwd"])
async def test_a_uid_that_is_a_path_opens_no_door(world, uid):
    _, _, plugin = world
    status, answer = await plugin("ADD", uid=uid)
    assert (status, answer["code"]) == (1, link_plugin.UNKNOWN_POD)


async def test_why_a_pod_could_not_be_linked_is_passed_on(world):
    pods, door, plugin = world
    door.expect(POD)
    pods.failure = "no free address"
    status, answer = await plugin("ADD")
    assert (status, answer["code"], answer["msg"]) == (1, link_plugin.REFUSED, "no free address")


async def test_letting_go_of_what_nobody_knows_is_quiet(world):
    _, door, plugin = world
    assert await plugin("DEL", uid="other") == (0, None)
    door.expect(POD)
    door.forget("uid-1")
    assert await plugin("DEL") == (0, None)


async def test_it_tells_its_versions(world):
    _, _, plugin = world
    status, answer = await plugin("VERSION")
    assert status == 0
    assert "1.0.0" in answer["supportedVersions"]


async def test_an_agent_that_is_gone_is_named_by_add_and_forgiven_by_del(tmp_path):
    folder = tmp_path / "c/nodes/n/cni"
    folder.mkdir(parents=True)
    (folder / "uid-1").touch()
    given = json.dumps({"agents": str(tmp_path), "cniVersion": "0.4.0"})
    environment = {"CNI_ARGS": "K8S_POD_UID=uid-1", "CNI_COMMAND": "ADD"}
    answer, well = link_plugin.run(environment, given)
    assert (well, answer["code"]) == (False, link_plugin.NO_AGENT)
    assert link_plugin.run(environment | {"CNI_COMMAND": "DEL"}, given) == (None, True)


def test_a_configuration_of_others_stays_unless_it_is_to_be_replaced(tmp_path):
    folder, programs = tmp_path / "net.d", tmp_path / "bin"
    folder.mkdir()
    (folder / "10-flannel.conflist").write_text("{}")
    assert not install(folder, programs, tmp_path, replaces=False)
    assert not (folder / CONFIGURATION).exists()
    assert install(folder, programs, tmp_path, replaces=True)
    assert sorted(each.name for each in folder.iterdir())[0] == CONFIGURATION  # the first by name counts
    uninstall(folder, programs)
    uninstall(folder, programs)
    assert [each.name for each in folder.iterdir()] == ["10-flannel.conflist"]
    assert not list(programs.iterdir())


def test_installing_again_changes_nothing(tmp_path):
    install(tmp_path / "n", tmp_path / "b", tmp_path, replaces=False)
    before = (tmp_path / "n" / CONFIGURATION).stat().st_mtime_ns
    install(tmp_path / "n", tmp_path / "b", tmp_path, replaces=False)
    assert (tmp_path / "n" / CONFIGURATION).stat().st_mtime_ns == before
    assert os.access(tmp_path / "b" / PLUGIN, os.X_OK)


def test_addresses_of_both_families_have_their_versions():
    versions = [each["version"] for each in result(("10.0.0.1", "fd00::1"), "eth0", "/n")["ips"]]
    assert versions == ["4", "6"]
