"""What a runtime tells, in our words."""

import json
from datetime import UTC, datetime

import pytest

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ContainerConfig, NamespaceMode, NamespaceOptions, SandboxConfig
from podo.node.runtime.cri import reading
from podo.node.runtime.cri.calls import failure, socket_of
from podo.node.runtime.cri.images import pull_failure
from podo.node.runtime.cri.streams import exit_code
from podo.node.runtime.cri.wire import MESSAGES
from podo.node.runtime.observed import ContainerState, SandboxState
from podo.rpc.caller import CallFailed

POD = SandboxConfig(name="web", namespace="ns", uid="u", log_directory="/logs/web")
SECOND = 1_000_000_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def container(**fields):
    config = ContainerConfig(name="main", image="sha256:1", image_name="box", log_path="main/0.log")
    status = MESSAGES.make("ContainerStatus", **{"id": "c", "created_at": SECOND} | fields)
    return reading.container(status, config, sandbox=POD, sandbox_id="s", pid=42, runtime="containerd")


def test_a_running_container_has_started_and_not_ended():
    seen = container(state=1, started_at=2 * SECOND)
    assert (seen.state, seen.pid, seen.exit_code, seen.finished_at) == (ContainerState.RUNNING, 42, None, None)
    assert seen.started_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)
    assert (seen.full_id, seen.log_path, seen.image) == ("containerd://c", "/logs/web/main/0.log", "box")


def test_a_container_that_never_ran_has_no_start():
    seen = container(state=2, exit_code=128, reason="StartError", message="no such file", finished_at=SECOND)
    assert (seen.started_at, seen.exit_code, seen.reason, seen.message) == (None, 128, "StartError", "no such file")


def test_a_start_that_is_noted_late_is_not_after_the_end():
    seen = container(state=2, started_at=3 * SECOND, finished_at=2 * SECOND)
    assert seen.started_at == seen.finished_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(("code", "reason"), [(0, "Completed"), (3, "Error")])
def test_an_end_without_a_reason_gets_the_usual_one(code, reason):
    assert container(state=2, exit_code=code, finished_at=SECOND).reason == reason


def test_one_whose_end_nobody_saw_has_exited_all_the_same():
    seen = container(state=3)
    assert (seen.state, seen.exit_code, seen.pid) == (ContainerState.EXITED, 255, 0)


def test_a_sandbox_has_all_its_addresses():
    network = {"ip": "10.0.0.1", "additional_ips": [{"ip": "fd00::1"}]}
    seen = reading.sandbox(MESSAGES.make("PodSandboxStatus", id="s", state=0, network=network), POD)
    assert (seen.state, seen.ips, seen.host_network) == (SandboxState.READY, ("10.0.0.1", "fd00::1"), False)


def test_a_sandbox_of_the_nodes_network_has_none_of_its_own():
    pod = SandboxConfig(name="w", namespace="n", uid="u", namespaces=NamespaceOptions(network=NamespaceMode.NODE))
    seen = reading.sandbox(MESSAGES.make("PodSandboxStatus", id="s", state=1, network={"ip": "192.0.2.1"}), pod)
    assert (seen.state, seen.ips, seen.host_network) == (SandboxState.NOT_READY, (), True)


@pytest.mark.parametrize("info", [{}, {"info": "no JSON"}, {"info": "[]"}, {"info": "{}"}, {"info": '{"pid": null}'}])
def test_what_a_runtime_does_not_tell_is_not_known(info):
    assert reading.pid(info) == 0
    assert reading.netns(info) == ""


def test_pid_and_network_come_from_verbose_statuses():
    spec = {"linux": {"namespaces": [{"type": "ipc"}, {"type": "network", "path": "/run/netns/x"}]}}
    assert reading.netns({"info": json.dumps({"runtimeSpec": spec})}) == "/run/netns/x"
    assert reading.pid({"info": '{"pid": 7}'}) == 7


def test_a_figure_that_is_missing_is_none():
    found = MESSAGES.make("ContainerStats", attributes={"id": "c"}, cpu={"usage_core_nano_seconds": {"value": 5}})
    stats = reading.stats(found, NOW, None)
    assert (stats.cpu.usage_ns, stats.cpu.at, stats.memory, stats.writable_layer) == (5, NOW, None, None)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (b"", 0),
        (b'{"metadata":{},"status":"Success"}', 0),
        (b'{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}', 3),
    ],
)
def test_a_commands_status_gives_its_exit_code(status, code):
    assert exit_code(status) == code


@pytest.mark.parametrize("status", [b'{"status":"Failure","message":"no such file"}', b"no such file"])
def test_a_command_that_never_ran_fails_in_the_runtimes_words(status):
    with pytest.raises(RuntimeFailure, match="no such file"):
        exit_code(status)


def test_failures_are_told_apart():
    assert type(failure(CallFailed("NOT_FOUND", "x"), container="c")).__name__ == "NoSuchContainer"
    assert type(failure(CallFailed("NOT_FOUND", "x"), sandbox="s")).__name__ == "NoSuchSandbox"
    assert type(failure(CallFailed("UNKNOWN", "container is not running"), container="c")).__name__ == "WrongState"
    assert type(failure(CallFailed("UNKNOWN", "x"))) is RuntimeFailure
    assert type(pull_failure(CallFailed("UNKNOWN", "pull access denied"))).__name__ == "ImageNotFound"
    assert type(pull_failure(CallFailed("UNKNOWN", "dial: connection refused"))).__name__ == "RegistryUnavailable"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("containerd", "/run/containerd/containerd.sock"),
        ("crio", "/run/crio/crio.sock"),
        ("unix:///x/y.sock", "/x/y.sock"),
        ("/x/y.sock", "/x/y.sock"),
    ],
)
def test_a_runtime_is_named_or_a_socket(text, path):
    assert str(socket_of(text)) == path


def test_another_word_is_no_runtime():
    with pytest.raises(ValueError, match="docker"):
        socket_of("docker")
