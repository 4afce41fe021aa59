"""`podo down` leaves nothing, whatever happened before."""

import os
import signal

import pytest

from tests.e2e import processes, residue
from tests.e2e.cluster import Kubectl, Podo
from tests.e2e.manifests import deployment, service

pytestmark = pytest.mark.e2e


@pytest.fixture
def podo(tmp_path):
    """The command, for a cluster that is not up; whatever was done, one `podo down` must be enough."""
    before = residue.network()
    command = Podo(f"e2e-d{os.getpid()}", tmp_path)
    yield command
    ended = command.try_("down")
    command.forget_logs()
    left = [*command.left(), *sorted(residue.network() - before)]
    assert not left, f"left behind after `podo down` ({ended}): {left}"


def test_a_cluster_with_work_in_full_swing_is_gone_at_once(podo, hello):
    podo("up", "--nodes", "2")
    podo("build", "-t", "hello:v1", str(hello))
    kubectl = Kubectl(podo.state / "kubeconfig", podo.home)
    kubectl.apply(deployment("web", replicas=10), service("web", type="NodePort"))
    kubectl.rolled_out("deployment/web")
    kubectl("rollout", "restart", "deployment/web")
    assert "nothing of it is left" in podo.try_("down").stderr


def test_killed_components_do_not_keep_it_from_leaving(podo):
    podo("up", "--nodes", "2")
    for pid in podo.pids().values():
        os.kill(pid, signal.SIGKILL)
    podo("down")


@pytest.mark.parametrize("moment", ["", "starting the API server", "starting node-1", "starting node-2", "waiting for"])
def test_an_up_that_was_killed_half_way_is_gone_after_down(podo, moment):
    with processes.started(podo.command("up", "--nodes", "2"), podo.environment) as up:
        up.expect(moment)
        up.process.kill()


@pytest.mark.parametrize("moment", ["starting the API server", "starting node-1", "waiting for"])
def test_an_up_that_was_killed_half_way_goes_on_with_the_next(podo, moment):
    with processes.started(podo.command("up"), podo.environment) as up:
        up.expect(moment)
        up.process.kill()
    again = podo.try_("up")
    assert again.status == 0 or "is running already" in again.stderr  # the dead one may have done all there is to do
    assert set(podo.pids()) == {"server", "node-1"}
    kubectl = Kubectl(podo.state / "kubeconfig", podo.home)
    assert " Ready " in kubectl("get", "nodes", "--no-headers")


def test_an_up_that_is_interrupted_cleans_up_itself(podo):
    with processes.started(podo.command("up"), podo.environment) as up:
        up.expect("starting the API server")
        up.process.send_signal(signal.SIGINT)
        assert up.end() == 130
    assert podo.left() == []


def test_a_down_that_was_killed_half_way_is_done_by_the_next(podo):
    podo("up", "--nodes", "2")
    with processes.started(podo.command("down"), podo.environment) as down:
        down.expect("stopping cluster")
        down.process.kill()


def test_a_second_down_says_that_there_is_no_cluster(podo):
    podo("up")
    podo("down")
    assert f"there is no cluster {podo.name!r}" in podo.refusal("down")


def test_clusters_side_by_side_do_not_take_each_other_along(podo, tmp_path):
    podo("up")
    other = Podo(f"{podo.name}-b", tmp_path)
    other("up")
    podo("down")
    kubectl = Kubectl(other.state / "kubeconfig", tmp_path)
    assert kubectl("get", "nodes", "-o", "name") == "node/node-1\n"
    other("down")
    assert other.left() == []


def test_a_state_folder_elsewhere_is_found_by_name(podo, tmp_path):
    state = tmp_path / "elsewhere"
    there = Podo(podo.name, podo.home, state)
    there("up")
    assert set(podo.pids()) == {"server", "node-1"}
    podo("down")
    assert not state.exists()


def test_state_can_be_kept(podo):
    podo("up")
    kubectl = Kubectl(podo.state / "kubeconfig", podo.home)
    kubectl("create", "configmap", "a")
    podo("down", "--keep")
    assert podo.left() == [f"folder {podo.state}"]
    podo("up")
    assert kubectl("get", "configmap", "a", "-o", "name") == "configmap/a\n"
