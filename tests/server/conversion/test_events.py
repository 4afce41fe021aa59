"""Events of two groups are the same objects."""

from podo.server.conversion.events import from_core, to_core

CORE = {
    "kind": "Event",
    "apiVersion": "v1",
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "p"},
    "reason": "Started",
    "message": "hello",
    "source": {"component": "kubelet"},
    "firstTimestamp": "2026-01-01T00:00:00Z",
    "lastTimestamp": None,
    "count": 2,
    "type": "Normal",
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}


def test_fields_have_other_names():
    event = from_core(CORE)
    assert event["apiVersion"] == "events.k8s.io/v1"
    assert (event["regarding"]["name"], event["note"], event["deprecatedCount"]) == ("p", "hello", 2)
    assert event["deprecatedSource"] == {"component": "kubelet"}
    assert not {"involvedObject", "message", "reportingController"} & event.keys()


def test_nothing_is_lost_on_the_way_back():
    assert to_core(from_core(CORE)) == CORE


def test_a_new_event_gets_what_the_old_form_always_shows():
    event = to_core({"kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {}, "reportingController": "a/b"})
    assert event["reportingComponent"] == "a/b"
    assert (event["involvedObject"], event["source"], event["firstTimestamp"]) == ({}, {}, None)
