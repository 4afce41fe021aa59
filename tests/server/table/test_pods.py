"""What a Pod's row says."""

from datetime import UTC, datetime

import pytest

from podo.server.table.pods import pod

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)


def made(*, spec=None, deleted=False, **status):
    metadata = {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T00:09:00Z"
    return {"metadata": metadata, "spec": {"containers": [{"name": "a"}]} | (spec or {}), "status": status}


def container(name="a", *, restarts=0, ready=False, last=None, **state):
    found = {"name": name, "ready": ready, "restartCount": restarts, "state": state}
    return found | ({"lastState": {"terminated": {"finishedAt": last}}} if last else {})


def ended(code=0, reason="", signal=0):
    return {"exitCode": code, "reason": reason, "signal": signal}


def shown(obj):
    return pod(obj, NOW)[1:4]


def test_a_pod_without_status_is_what_its_phase_is():
    assert pod(made(phase="Pending"), NOW) == [
        "p",
        "0/1",
        "Pending",
        "0",
        "10m",
        "<none>",
        "<none>",
        "<none>",
        "<none>",
    ]


def test_a_running_pod_says_where_it_is():
    ready = {"type": "Ready", "status": "True"}
    obj = made(
        spec={"nodeName": "n1", "readinessGates": [{"conditionType": "Ready"}, {"conditionType": "x"}]},
        phase="Running",
        podIPs=[{"ip": "10.244.0.2"}],
        conditions=[ready],
        containerStatuses=[container(ready=True, running={})],
    )
    assert pod(obj, NOW)[1:] == ["1/1", "Running", "0", "10m", "10.244.0.2", "n1", "<none>", "1/2"]


@pytest.mark.parametrize(
    ("containers", "row"),
    [
        pytest.param([container(waiting={"reason": "ErrImagePull"})], ["0/1", "ErrImagePull", "0"], id="waiting"),
        pytest.param([container(terminated=ended(3))], ["0/1", "ExitCode:3", "0"], id="exit code"),
        pytest.param([container(terminated=ended(137, signal=9))], ["0/1", "Signal:9", "0"], id="signal"),
        pytest.param([container(terminated=ended(0, "Completed"))], ["0/1", "Completed", "0"], id="completed"),
        pytest.param(
            [container(terminated=ended(0, "Completed")), container("b", running={}, ready=True)],
            ["1/1", "NotReady", "0"],
            id="one completed, one runs",
        ),
        pytest.param(
            [container(terminated=ended(0, "Completed")), container("b", terminated=ended(1, "Error"))],
            ["0/1", "Error", "0"],
            id="a failure counts more than completion",
        ),
        pytest.param(
            [container(restarts=2, last="2026-01-01T00:09:30Z", running={}, ready=True)],
            ["1/1", "Running", "2 (30s ago)"],
            id="restarted",
        ),
    ],
)
def test_containers_say_what_a_pod_is_at(containers, row):
    assert shown(made(phase="Running", containerStatuses=containers)) == row


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        pytest.param({"running": {}}, "Init:0/2", id="running"),
        pytest.param({"waiting": {"reason": "PodInitializing"}}, "Init:0/2", id="not yet"),
        pytest.param({"waiting": {"reason": "ErrImagePull"}}, "Init:ErrImagePull", id="waiting"),
        pytest.param({"terminated": ended(2)}, "Init:ExitCode:2", id="exit code"),
        pytest.param({"terminated": ended(2, "Error")}, "Init:Error", id="reason"),
    ],
)
def test_init_containers_come_first(state, reason):
    spec = {"initContainers": [{"name": "i"}, {"name": "j"}]}
    obj = made(spec=spec, phase="Pending", initContainerStatuses=[container("i", restarts=1, **state)])
    assert shown(obj) == ["0/1", reason, "1"]


def test_a_sidecar_counts_as_a_container():
    spec = {"initContainers": [{"name": "s", "restartPolicy": "Always"}]}
    sidecar = container("s", restarts=1, ready=True, running={}) | {"started": True}
    obj = made(
        spec=spec,
        phase="Running",
        initContainerStatuses=[sidecar],
        containerStatuses=[container(ready=True, running={})],
    )
    assert shown(obj) == ["2/2", "Running", "1"]


def test_a_gated_pod_says_so():
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    assert shown(made(phase="Pending", conditions=[gated]))[1] == "SchedulingGated"


def test_a_pod_that_goes_is_terminating_unless_it_has_ended_or_is_lost():
    assert shown(made(deleted=True, phase="Running"))[1] == "Terminating"
    assert shown(made(deleted=True, phase="Succeeded"))[1] == "Succeeded"
    assert shown(made(deleted=True, phase="Running", reason="NodeLost"))[1] == "Unknown"
