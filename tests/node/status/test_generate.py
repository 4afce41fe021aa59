"""Pod statuses from workers' states."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from podo.api.types.core_v1 import PodStatus
from podo.node.runtime.observed import ContainerState
from podo.node.status.containers import StatusInput
from podo.node.status.generate import pod_status
from podo.node.status.writer import status_changes
from podo.node.worker.state import ProbeState, Verdict, Waiting
from tests.node.build import NOW, container, exited, pod, running, sandbox, seen, state

SIDECAR = container("side", restartPolicy="Always")
JOB = {"restartPolicy": "Never"}


def status(given, before=None, **fields):
    made = StatusInput(state=given, host_ips=("10.245.0.2",), **fields)
    return pod_status(made, before or given.pod.status)


def conditions(found):
    return {c.type: c.status for c in found.conditions}


PHASES = [
    ("nothing has begun", state(pod()), False, "Pending"),
    ("an init container runs", state(pod(initContainers=[container("one")]), seen(running("one"))), False, "Pending"),
    ("a container runs", state(pod(), seen(running())), False, "Running"),
    ("one of two has not begun", state(pod(container("a"), container("b")), seen(running("a"))), False, "Pending"),
    ("it will be restarted", state(pod(), seen(exited(code=1))), False, "Running"),
    ("a job has ended well", state(pod(**JOB), seen(exited(code=0))), True, "Succeeded"),
    ("a job has failed", state(pod(**JOB), seen(exited(code=1))), True, "Failed"),
    ("a job's init container has failed",
     state(pod(initContainers=[container("one")], **JOB), seen(exited("one", 1))), True, "Failed"),
    ("an init container will be tried again",
     state(pod(initContainers=[container("one")]), seen(exited("one", 1))), False, "Pending"),
    ("a sidecar still runs", state(pod(initContainers=[SIDECAR], **JOB), seen(running("side"), exited())), False,
     "Running"),
    ("a deleted Pod has ended", state(pod(), seen(exited(code=137)), deleted=True), True, "Failed"),
    ("a deleted Pod has ended well", state(pod(), seen(exited(code=0)), deleted=True), True, "Succeeded"),
    ("an evicted Pod is still ending", state(pod(), seen(running()), verdict=Verdict("Evicted", "x")), False,
     "Running"),
    ("an evicted Pod has ended", state(pod(), seen(exited(code=137)), verdict=Verdict("Evicted", "x")), True,
     "Failed"),
    ("deleted before anything ran", state(pod(), seen(), deleted=True), True, "Failed"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "terminal", "phase"), [pytest.param(*row[1:], id=row[0]) for row in PHASES])
def test_phase(given, terminal, phase):
    assert status(given, terminal=terminal).phase == phase


def test_a_running_pod_in_full():
    found = msgspec.json.decode(msgspec.json.encode(status(state(pod(), seen(running())))))
    times = {"lastTransitionTime": "2026-01-01T00:00:02Z", "observedGeneration": 1}
    assert found == {
        "conditions": [
            {"type": kind, "status": "True"} | times
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "containerStatuses": [
            {
                "name": "app",
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                "lastState": {},
                "ready": True,
                "started": True,
                "restartCount": 0,
                "image": "hello:v1",
                "imageID": "sha256:1",
                "containerID": "podo://app-0",
                "resources": {},
            }
        ],
        "hostIP": "10.245.0.2",
        "hostIPs": [{"ip": "10.245.0.2"}],
        "observedGeneration": 1,
        "phase": "Running",
        "podIP": "10.244.0.2",
        "podIPs": [{"ip": "10.244.0.2"}],
        "qosClass": "BestEffort",
        "resources": {},
        "startTime": "2026-01-01T00:00:02Z",
    }


def test_nothing_has_begun_in_full():
    found = status(state(pod(), seen(boxes=())))
    assert conditions(found) == {
        "PodReadyToStartContainers": "False",
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
        "PodScheduled": "True",
    }
    ready = next(c for c in found.conditions if c.type == "Ready")
    assert (ready.reason, ready.message) == ("ContainersNotReady", "containers with unready status: [app]")
    assert found.container_statuses[0].state.waiting.reason == "ContainerCreating"


def test_with_init_containers_all_wait_for_initialization():
    made = running("one", state=ContainerState.CREATED, started_at=None)
    for known in (seen(), seen(made)):
        found = status(state(pod(initContainers=[container("one")]), known))
        assert found.container_statuses[0].state.waiting.reason == "PodInitializing"
        assert found.init_container_statuses[0].state.waiting.reason == "PodInitializing"
    initialized = next(c for c in found.conditions if c.type == "Initialized")
    assert initialized.reason == "ContainersNotInitialized"
    assert initialized.message == "containers with incomplete status: [one]"


def test_a_crash_loop_shows_why_and_what_was_last():
    given = state(pod(), seen(exited(code=1, attempt=0), exited(code=2, attempt=1)))
    found = status(given, waiting={"app": Waiting("CrashLoopBackOff", "back-off 10s")}).container_statuses[0]
    assert found.state.waiting.reason == "CrashLoopBackOff"
    assert found.last_state.terminated.exit_code == 2
    assert found.restart_count == 1


def test_an_ended_container_that_stays_ended_is_terminated():
    given = state(pod(**JOB), seen(exited(code=3)))
    found = status(given, terminal=True, messages={"app-0": "bye"}).container_statuses[0]
    assert found.state.terminated.exit_code == 3
    assert found.state.terminated.message == "bye"
    assert found.state.terminated.container_id == "podo://app-0"
    assert not found.ready


def test_times_change_only_with_the_status():
    given = state(pod(container(readinessProbe={})), seen(running()), probes={"app-0": ProbeState(True, False)})
    first = status(given)
    later = replace(given, now=NOW + timedelta(minutes=1), probes={"app-0": ProbeState(True, True)})
    second = status(later, before=first)
    times = {c.type: c.last_transition_time[14:19] for c in second.conditions}
    assert times["Ready"] == "01:00"
    assert times["Initialized"] == "00:02"
    assert second.start_time == first.start_time


def test_readiness_gates_count():
    gate = {"readinessGates": [{"conditionType": "example.com/lb"}]}
    found = status(state(pod(**gate), seen(running())))
    ready = next(c for c in found.conditions if c.type == "Ready")
    assert ready.reason == "ReadinessGatesNotReady"
    text = 'corresponding condition of pod readiness gate "example.com/lb" does not exist.'
    assert ready.message == text
    met = {"conditions": [{"type": "example.com/lb", "status": "True"}]}
    assert conditions(status(state(pod(status=met, **gate), seen(running()))))["Ready"] == "True"


def test_a_terminal_phase_and_its_reason_stay():
    before = PodStatus(phase="Failed", reason="Evicted", message="why")
    found = status(state(pod(), seen(exited(code=0))), before=before, terminal=True)
    assert (found.phase, found.reason, found.message) == ("Failed", "Evicted", "why")


def test_a_hook_that_runs_keeps_a_container_from_counting():
    found = status(state(pod(), seen(running()), hooks=frozenset({"app"})))
    assert found.container_statuses[0].started is False
    assert conditions(found)["Ready"] == "False"


def test_what_nobody_saw_end_is_told_so():
    lost = running(state=ContainerState.UNKNOWN)
    found = status(state(pod(**JOB), seen(lost))).container_statuses[0]
    assert found.state.terminated.reason == "ContainerStatusUnknown"
    assert found.state.terminated.exit_code == 137


def test_a_pod_with_the_nodes_network_has_its_address():
    assert status(state(pod(hostNetwork=True), seen(running()))).pod_ip == "10.245.0.2"


def test_the_address_stays_known_after_the_end():
    before = status(state(pod(), seen(running())))
    ended = state(pod(), seen(exited(), boxes=(sandbox(ready=False),)))
    assert status(ended, before=before, terminal=True).pod_ip == "10.244.0.2"


# What is written


def test_nothing_is_written_when_nothing_changed():
    found = status(state(pod(), seen(running())))
    assert status_changes(found, msgspec.structs.replace(found)) == {}


def test_only_what_changed_is_written():
    first = status(state(pod(), seen(running()), probes={"app-0": ProbeState(True, False)}))
    second = status(state(pod(), seen(running())), before=first)
    changes = status_changes(first, second)
    assert sorted(changes) == ["conditions", "containerStatuses"]
    assert [c["type"] for c in changes["conditions"]] == ["Ready", "ContainersReady"]
    assert changes["conditions"][0]["reason"] is None


def test_conditions_of_others_are_left_alone():
    foreign = {"conditions": [{"type": "example.com/x", "status": "True"}]}
    changes = status_changes(pod(status=foreign).status, status(state(pod(status=foreign), seen(running()))))
    assert "example.com/x" not in [c["type"] for c in changes["conditions"]]


def test_addresses_are_replaced_not_added():
    first = status(state(pod(), seen(running())))
    moved = msgspec.structs.replace(first, pod_ips=())
    assert status_changes(moved, first)["podIPs"] == [{"$patch": "replace"}, {"ip": "10.244.0.2"}]
