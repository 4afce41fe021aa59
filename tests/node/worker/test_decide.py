"""The decisions of a worker, as a table: a state, and what is to be done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from podo.node.runtime.observed import ContainerState
from podo.node.worker import actions as do
from podo.node.worker.backoff import Backoff
from podo.node.worker.decide import DEADLINE, decide
from podo.node.worker.state import Failure, PodState, ProbeState, Verdict, Waiting
from tests.node.build import NOW, container, exited, pod, running, sandbox, seen, state

SIDECAR = {"restartPolicy": "Always"}
PROBE = {"exec": {"command": ["true"]}}


def said(state: PodState) -> list[str]:
    """The actions of a decision, shortly."""
    return [_short(a) for a in decide(state).actions]


def _short(action: do.Action) -> str:
    match action:
        case do.StartContainer():
            sees = f" sees {action.target_id}" if action.target_id else ""
            return f"start {action.container.name} {action.attempt}{sees}"
        case do.KillContainer():
            after = f" after {','.join(action.after)}" if action.after else ""
            return f"kill {action.name} {action.grace}{after}"
        case do.RunSandbox():
            return f"sandbox {action.attempt}"
        case _:
            return action.key


TWO = (container("a"), container("b"))
INIT = [container("one"), container("two")]
NEW = pod()
TABLE = [
    ("a new Pod gets sandbox, volumes and image at once", state(NEW, seen(boxes=()), volumes_mounted=False, images={}),
     ["sandbox 0", "volumes", "pull:app"]),
    ("a container waits for its volumes", state(NEW, volumes_mounted=False), ["volumes"]),
    ("a container waits for its image", state(NEW, images={}), ["pull:app"]),
    ("then it starts", state(NEW), ["start app 0"]),
    ("what starts is not started twice", state(NEW, operations=frozenset({"start:app"})), []),
    ("what runs is left alone", state(NEW, seen(running())), []),
    ("containers start one after the other", state(pod(*TWO)), ["start a 0"]),
    ("the second one starts when the first runs", state(pod(*TWO), seen(running("a"))), ["start b 0"]),
    ("a postStart hook holds the next container", state(pod(*TWO), seen(running("a")), hooks=frozenset({"a"})), []),
    ("a crashed first container holds nobody while it waits",
     state(pod(*TWO), seen(exited("a", 1, attempt=1)), crashes={"a": Backoff(timedelta(seconds=10), NOW)}),
     ["start b 0"]),
    ("Always restarts what ended well", state(NEW, seen(exited(code=0))), ["start app 1"]),
    ("OnFailure restarts what failed", state(pod(restartPolicy="OnFailure"), seen(exited(code=3))), ["start app 1"]),
    ("Never does not", state(pod(restartPolicy="Never"), seen(exited(code=3))), ["stop:box-0"]),
    ("a container's own policy counts more",
     state(pod(container(restartPolicy="Never")), seen(exited(code=3))), ["stop:box-0"]),
    ("a rule restarts by exit code",
     state(pod(container(restartPolicy="Never", restartPolicyRules=[
         {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}])), seen(exited(code=42))),
     ["start app 1"]),
    ("what was cut short between create and start is removed first",
     state(NEW, seen(running(state=ContainerState.CREATED, started_at=None))), ["remove:app-0"]),
    ("what nobody knows the end of is removed first",
     state(NEW, seen(running(state=ContainerState.UNKNOWN))), ["remove:app-0"]),
    ("only the newest two attempts are kept",
     state(NEW, seen(exited(attempt=0), exited(attempt=1), running(attempt=2))), ["remove:app-0"]),
    ("a changed image kills", state(pod(container(image="hello:v2")), seen(running())), ["kill app 30"]),
    ("a failed liveness probe kills",
     state(NEW, seen(running()), probes={"app-0": ProbeState(True, True, "liveness")}), ["kill app 30"]),
    ("with the probe's own grace",
     state(pod(container(livenessProbe=PROBE | {"terminationGracePeriodSeconds": 3})), seen(running()),
           probes={"app-0": ProbeState(True, True, "liveness")}), ["kill app 3"]),
    ("one that was killed to be restarted starts even if it ended well",
     state(pod(restartPolicy="OnFailure"), seen(exited(code=0)), to_restart=frozenset({"app-0"})), ["start app 1"]),
    ("a dead sandbox is replaced", state(NEW, seen(exited(code=137), boxes=(sandbox(ready=False),)), images={}),
     ["sandbox 1", "pull:app"]),
    ("but not for a Pod that has done its work",
     state(pod(restartPolicy="OnFailure"), seen(exited(code=0), boxes=(sandbox(ready=False),)), volumes_released=True),
     []),
    ("nor for one that never restarts",
     state(pod(restartPolicy="Never"), seen(exited(code=137), boxes=(sandbox(ready=False),)), volumes_released=True),
     []),
    ("an old sandbox goes when nothing in it is asked for",
     state(NEW, seen(exited(attempt=1, sandbox_id="box-1"), running(attempt=2, sandbox_id="box-1"),
                     boxes=(sandbox(ready=False), sandbox(1)))), ["remove:box-0"]),
    ("init containers go first", state(pod(initContainers=INIT)), ["start one 0"]),
    ("one by one", state(pod(initContainers=INIT), seen(running("one"))), []),
    ("the next when one is done", state(pod(initContainers=INIT), seen(exited("one"))), ["start two 0"]),
    ("then the containers", state(pod(initContainers=INIT), seen(exited("one"), exited("two"))), ["start app 0"]),
    ("a failed one is tried again", state(pod(initContainers=INIT), seen(exited("one", 1))), ["start one 1"]),
    ("unless nothing is to be", state(pod(initContainers=INIT, restartPolicy="Never"), seen(exited("one", 1))),
     ["stop:box-0"]),
    ("init containers do not run again beside their Pod's containers",
     state(pod(initContainers=INIT), seen(running())), []),
    ("in a new sandbox they do",
     state(pod(initContainers=INIT), seen(exited("one"), exited("two"), exited(code=137),
                                          boxes=(sandbox(ready=False), sandbox(1)))), ["start one 1"]),
    ("a sidecar starts in its turn", state(pod(initContainers=[container("side", **SIDECAR)])), ["start side 0"]),
    ("and does not have to end", state(pod(initContainers=[container("side", **SIDECAR)]), seen(running("side"))),
     ["start app 0"]),
    ("but to pass its startup probe",
     state(pod(initContainers=[container("side", **SIDECAR, startupProbe=PROBE)]), seen(running("side"))), []),
    ("a sidecar that ended starts again beside its Pod's containers",
     state(pod(initContainers=[container("side", **SIDECAR)], restartPolicy="Never"),
           seen(exited("side", 0), running())), ["start side 1"]),
    ("when all has ended sidecars end, the last first",
     state(pod(initContainers=[container("s1", **SIDECAR), container("s2", **SIDECAR)], restartPolicy="Never"),
           seen(running("s1"), running("s2"), exited())),
     ["kill s1 30 after app,s2", "kill s2 30 after app"]),
    ("an ephemeral container joins", state(pod(ephemeralContainers=[container("debug")]), seen(running())),
     ["start debug 0"]),
    ("but is never started again",
     state(pod(ephemeralContainers=[container("debug")]), seen(running(), exited("debug", 1))), []),
    ("one that shall see another's processes waits for it",
     state(pod(ephemeralContainers=[container("debug", targetContainerName="app")]), seen(exited())), ["start app 1"]),
    ("and joins once it runs",
     state(pod(ephemeralContainers=[container("debug", targetContainerName="app")]), seen(running())),
     ["start debug 0 sees app-0"]),
    ("volumes are looked after even if nothing starts", state(NEW, seen(running()), volumes_mounted=False),
     ["volumes"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "actions"), [pytest.param(g, a, id=i) for i, g, a in TABLE])
def test_what_is_to_be_done(given, actions):
    assert said(given) == actions


DELETED = pod(meta={"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 7})
ENDING = [
    ("a deleted Pod's containers are killed with its grace", state(DELETED, seen(running())), ["kill app 7"]),
    ("pulls are given up", state(DELETED, seen(), operations=frozenset({"pull:app"})), ["cancel:pull:app",
                                                                                       "stop:box-0"]),
    ("a start is waited for", state(DELETED, seen(), operations=frozenset({"start:app"})), []),
    ("a kill under way is not repeated",
     state(DELETED, seen(running()), operations=frozenset({"kill:app-0"}), kills={"app-0": 7}), []),
    ("but hurried", state(DELETED, seen(running()), operations=frozenset({"kill:app-0"}), kills={"app-0": 30}),
     ["kill app 7"]),
    ("the sandbox goes after its containers", state(DELETED, seen(exited())), ["stop:box-0"]),
    ("volumes after the sandbox", state(DELETED, seen(exited(), boxes=(sandbox(ready=False),))), ["release"]),
    ("a Pod that was forgotten ends with its own grace", state(NEW, seen(running()), deleted=True), ["kill app 30"]),
    ("an evicted one with the node's",
     state(NEW, seen(running()), verdict=Verdict("Evicted", "low on memory", grace=0)), ["kill app 0"]),
    ("a Pod that has ended never runs again", state(pod(status={"phase": "Failed"}), seen()), ["stop:box-0"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "actions"), [pytest.param(g, a, id=i) for i, g, a in ENDING])
def test_how_it_ends(given, actions):
    decision = decide(given)
    assert [_short(a) for a in decision.actions] == actions
    assert not decision.finished


def test_it_has_ended_when_nothing_is_left():
    assert decide(state(DELETED, seen(exited(), boxes=(sandbox(ready=False),)), volumes_released=True)).finished


def test_a_pod_that_leaves_is_first_withdrawn_from_services():
    (kill,) = decide(state(DELETED, seen(running()))).actions
    assert isinstance(kill, do.KillContainer)
    assert kill.withdrawn_first
    assert kill.message == "Stopping container app"


def test_a_restart_does_not_wait_for_services():
    given = state(NEW, seen(running()), probes={"app-0": ProbeState(True, True, "liveness")})
    (kill,) = decide(given).actions
    assert isinstance(kill, do.KillContainer)
    assert not kill.withdrawn_first
    assert kill.restart
    assert kill.message == "Container app failed liveness probe, will be restarted"


def test_a_crash_loop_waits_and_says_so():
    crashed = exited(code=1, attempt=1)
    backoff = Backoff(timedelta(seconds=10), NOW)
    decision = decide(state(NEW, seen(crashed), crashes={"app": backoff}))
    assert not decision.actions
    assert decision.wake_at == crashed.finished_at + timedelta(seconds=10)
    uid = NEW.metadata.uid
    message = f"back-off 10s restarting failed container=app pod=web_default({uid})"
    assert decision.waiting == {"app": Waiting("CrashLoopBackOff", message)}


def test_after_the_back_off_it_starts():
    crashed, backoff = exited(code=1, attempt=1), Backoff(timedelta(seconds=10), NOW)
    assert said(state(NEW, seen(crashed), crashes={"app": backoff}, now=NOW + timedelta(seconds=11))) == ["start app 2"]


def test_a_new_agent_keeps_to_the_back_off_of_the_old_one():
    crashed = exited(code=1, attempt=3)
    assert decide(state(NEW, seen(crashed))).wake_at == crashed.finished_at + timedelta(seconds=40)


def test_a_failed_pull_waits_for_its_time():
    retry = NOW + timedelta(seconds=10)
    waiting, later = Waiting("ErrImagePull", "no such image"), Waiting("ImagePullBackOff", "Back-off")
    failure = Failure(waiting, retry, None, later, NOW + timedelta(seconds=3))
    given = state(NEW, images={}, failures={"pull:app": failure})
    assert decide(given).waiting == {"app": waiting}
    assert decide(given).wake_at == NOW + timedelta(seconds=3)
    shown = decide(replace(given, now=NOW + timedelta(seconds=4)))
    assert shown.waiting == {"app": later}
    assert not shown.actions
    assert [_short(a) for a in decide(replace(given, now=retry)).actions] == ["pull:app"]


def test_a_deadline_ends_the_pod():
    late = pod(activeDeadlineSeconds=60, status={"startTime": "2026-01-01T00:00:00Z"})
    assert decide(state(late, seen(running()))).wake_at == NOW + timedelta(seconds=60)
    assert decide(state(late, seen(running()), now=NOW + timedelta(seconds=60))).verdict == DEADLINE
