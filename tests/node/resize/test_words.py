from msgspec.structs import replace

from podo.api.types.core_v1 import PodStatus
from podo.node.resize.words import Resize, conditions, events
from tests.node.build import container, pod

POD = pod(container(resources={"requests": {"memory": "1Mi", "cpu": "1"}}), meta={"generation": 3})
PENDING = Resize(pending="no room")
RUNNING = Resize(generation=2, under_way=True)
JSON = '"containers":[{"name":"app","resources":{"requests":{"cpu":"1","memory":"1Mi"}}}]'


def told(before: Resize, after: Resize):
    old, new = (PodStatus(phase="Running", conditions=conditions(r, POD)) for r in (before, after))
    return [(t.reason, t.message) for t in events(POD.spec, POD.spec, old, new)]


def test_what_is_done_or_never_began_says_nothing():
    assert conditions(Resize(), POD) == ()


def test_a_pending_resize_says_why():
    (made,) = conditions(PENDING, POD)
    assert (made.type, made.status, made.reason, made.message) == ("PodResizePending", "True", "Deferred", "no room")
    assert made.observed_generation == 3


def test_a_resize_under_way_keeps_the_generation_that_was_granted():
    (made,) = conditions(RUNNING, POD)
    assert (made.type, made.reason, made.observed_generation) == ("PodResizeInProgress", "", 2)
    (failing,) = conditions(RUNNING._replace(error="too small"), POD)
    assert (failing.reason, failing.message) == ("Error", "too small")


def test_events_of_a_resize_from_start_to_end():
    assert told(Resize(), RUNNING) == [("ResizeStarted", f'Pod resize started: {{{JSON},"generation":2}}')]
    assert told(RUNNING, RUNNING) == []
    assert told(RUNNING, Resize()) == [("ResizeCompleted", f'Pod resize completed: {{{JSON},"generation":2}}')]


def test_events_of_what_goes_wrong():
    text = f'Pod resize Deferred: {{{JSON},"generation":3,"error":"no room"}}'
    assert told(Resize(), PENDING) == [("ResizeDeferred", text)]
    assert told(PENDING, PENDING._replace(pending="still none")) == []
    failed = RUNNING._replace(error="too small")
    text = f'Pod resize error: {{{JSON},"generation":2,"error":"too small"}}'
    assert told(RUNNING, failed) == [("ResizeError", text)]


def test_a_pod_that_has_ended_did_not_complete_its_resize():
    old = PodStatus(phase="Running", conditions=conditions(RUNNING, POD))
    assert events(POD.spec, POD.spec, old, replace(old, phase="Failed", conditions=())) == []
