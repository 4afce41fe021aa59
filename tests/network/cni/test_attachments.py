import json

import pytest

from podo.network.base import NetworkFailure, PodSandbox
from podo.network.cni.attachments import Attachments, PluggedPods
from podo.network.cni.configuration import parse

LISTED = {"name": "net", "cniVersion": "1.1.0", "plugins": [{"type": "bridge"}, {"type": "tuning"}]}
NETWORK = parse(json.dumps(LISTED), "x")


class RecordedPlugins:
    """(plug-in, command) of all that ran; `failing` are those that fail."""

    def __init__(self):
        self.ran, self.given, self.environments, self.failing = [], [], [], set()

    async def run(self, kind, command, environment, given):
        self.ran.append((kind, command))
        self.given.append(given)
        self.environments.append(environment)
        if (kind, command) in self.failing:
            raise NetworkFailure(f"{kind} failed")
        return {"ips": [{"address": "10.1.0.2/24"}], "by": kind} if command == "ADD" else {}


class OwnPods:
    """podo's own network."""

    def __init__(self):
        self.calls = []

    async def setup(self, sandbox):
        self.calls.append("setup")
        return ("10.244.1.2",)

    async def teardown(self, sandbox):
        self.calls.append("teardown")


@pytest.fixture
def plugins():
    return RecordedPlugins()


@pytest.fixture
def box(tmp_path):
    (tmp_path / "netns").touch()
    return PodSandbox(id="box", netns=tmp_path / "netns", namespace="ns", name="a", uid="u")


@pytest.fixture
def attachments(tmp_path, plugins):
    return Attachments(tmp_path / "attachments", plugins)


async def test_plugins_run_in_order_each_with_the_result_of_the_one_before(attachments, plugins, box):
    assert await attachments.add(NETWORK, box) == ("10.1.0.2",)
    assert plugins.ran == [("bridge", "ADD"), ("tuning", "ADD")]
    assert "prevResult" not in plugins.given[0]
    assert plugins.given[1]["prevResult"]["by"] == "bridge"
    assert plugins.environments[0] == {
        "CNI_CONTAINERID": "box",
        "CNI_NETNS": str(box.netns),
        "CNI_IFNAME": "eth0",
        "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=a;K8S_POD_INFRA_CONTAINER_ID=box;K8S_POD_UID=u",
    }


async def test_a_sandbox_that_has_a_network_keeps_it(attachments, plugins, box):
    await attachments.add(NETWORK, box)
    assert await attachments.add(NETWORK, box) == ("10.1.0.2",)
    assert len(plugins.ran) == 2


async def test_it_is_undone_in_the_other_order_with_the_last_result_also_after_a_restart(
    attachments, plugins, box, tmp_path
):
    await attachments.add(NETWORK, box)
    plugins.ran.clear()
    again = Attachments(tmp_path / "attachments", plugins)
    await again.delete(box)
    await again.delete(box)
    assert plugins.ran == [("tuning", "DEL"), ("bridge", "DEL")]
    assert plugins.given[-1]["prevResult"]["by"] == "tuning"
    assert not again.has("box")


async def test_a_namespace_that_is_gone_is_not_named(attachments, plugins, box):
    await attachments.add(NETWORK, box)
    box.netns.unlink()
    await attachments.delete(box)
    assert plugins.environments[-1]["CNI_NETNS"] == ""


async def test_what_fails_half_way_is_undone(attachments, plugins, box):
    plugins.failing.add(("tuning", "ADD"))
    with pytest.raises(NetworkFailure, match="tuning failed"):
        await attachments.add(NETWORK, box)
    assert plugins.ran[-2:] == [("tuning", "DEL"), ("bridge", "DEL")]
    assert not attachments.has("box")


async def test_what_cannot_be_undone_is_remembered(attachments, plugins, box):
    await attachments.add(NETWORK, box)
    plugins.failing.add(("bridge", "DEL"))
    with pytest.raises(NetworkFailure):
        await attachments.delete(box)
    assert attachments.has("box")


async def test_check_and_status_ask_every_plugin(attachments, plugins, box):
    await attachments.add(NETWORK, box)
    plugins.ran.clear()
    await attachments.check(box)
    await attachments.status(NETWORK)
    assert plugins.ran == [("bridge", "CHECK"), ("tuning", "CHECK"), ("bridge", "STATUS"), ("tuning", "STATUS")]


async def test_networks_of_sandboxes_that_went_meanwhile_are_undone_and_the_rest_is_named_for_collection(
    attachments, plugins, box, tmp_path
):
    await attachments.add(NETWORK, box)
    await attachments.add(NETWORK, PodSandbox(id="old", netns=tmp_path / "x", namespace="ns", name="o", uid="v"))
    plugins.ran.clear()
    plugins.failing.add(("tuning", "GC"))
    await attachments.retain({"box"})
    assert plugins.ran == [("tuning", "DEL"), ("bridge", "DEL"), ("bridge", "GC"), ("tuning", "GC")]
    assert plugins.given[-1]["cni.dev/valid-attachments"] == [{"containerID": "box", "ifname": "eth0"}]
    assert (attachments.has("box"), attachments.has("old")) == (True, False)


async def test_a_pod_is_linked_by_plugins_only_where_they_are_configured_and_keeps_what_it_has(
    attachments, plugins, box, tmp_path
):
    own, folder = OwnPods(), tmp_path / "conf"
    pods = PluggedPods(folder, attachments, own)
    assert await pods.setup(box) == ("10.244.1.2",)
    folder.mkdir()
    (folder / "net.conflist").write_text(json.dumps(LISTED))
    await pods.teardown(box)
    assert own.calls == ["setup", "teardown"]
    assert await pods.setup(box) == ("10.1.0.2",)
    (folder / "net.conflist").unlink()
    await pods.teardown(box)
    assert plugins.ran[-1] == ("bridge", "DEL")


async def test_a_configuration_that_is_none_stops_pods_with_a_reason(attachments, box, tmp_path):
    (tmp_path / "net.conf").write_text("{")
    with pytest.raises(NetworkFailure, match=r"net\.conf is no CNI configuration"):
        await PluggedPods(tmp_path, attachments, OwnPods()).setup(box)
