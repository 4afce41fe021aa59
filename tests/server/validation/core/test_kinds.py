"""ConfigMaps, Secrets, Namespaces, Nodes, Endpoints, Events, ReplicationControllers."""

import base64
from typing import Any

import pytest

from ..build import built, complaints, update_complaints


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"data": {"a/b": "c"}}, 'data[a/b]: Invalid value: "a/b": a valid config key'),
        ({"data": {"a": "b"}, "binaryData": {"a": ""}}, "data[a]: Invalid value"),
        ({"data": {"a": "x" * 1048577}}, "[]: Too long: may not be more than 1048576 bytes"),
    ],
)
def test_config_maps(fields, found):
    assert complaints(built("v1", "ConfigMap", **fields))[0].startswith(found)


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_what_is_immutable_stays_as_it_is(kind):
    old = built("v1", kind, data={"a": b64("b")}, immutable=True)
    new = built("v1", kind, data={"a": b64("c")}, immutable=False)
    message = "Forbidden: field is immutable when `immutable` is set"
    assert update_complaints(new, old) == [f"immutable: {message}", f"data: {message}"]


@pytest.mark.parametrize(
    ("kind", "data", "found"),
    [
        ("kubernetes.io/tls", {}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        ("kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]),
        ("kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]),
        ("kubernetes.io/dockercfg", {}, ["data[.dockercfg]: Required value"]),
        (
            "kubernetes.io/dockerconfigjson",
            {".dockerconfigjson": "x"},
            [
                'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": '
                "invalid character 'x' looking for beginning of value"
            ],
        ),
        (
            "kubernetes.io/service-account-token",
            {},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        ("Opaque", {"a": "b"}, []),
    ],
)
def test_secrets_hold_what_their_type_needs(kind, data, found):
    encoded = {key: b64(value) for key, value in data.items()}
    assert complaints(built("v1", "Secret", type=kind, data=encoded)) == found


def test_the_type_of_a_secret_stays():
    found = update_complaints(built("v1", "Secret", type="a"), built("v1", "Secret"))
    assert found == ['type: Invalid value: "a": field is immutable']


def test_namespaces():
    assert complaints(built("v1", "Namespace", metadata={"name": "a.b"})) != []
    assert complaints(built("v1", "Namespace", spec={"finalizers": ["x"]})) == [
        'spec.finalizers: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified'
    ]
    terminating = built("v1", "Namespace", status={"phase": "Terminating"})
    assert update_complaints(terminating, built("v1", "Namespace"), "status") == [
        "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"
    ]


@pytest.mark.parametrize(
    ("taint", "found"),
    [
        ({"key": "a", "effect": "X"}, "metadata.taints[0].effect: Unsupported value"),
        ({"key": "a"}, "metadata.taints[0].effect: Required value"),
        ({"key": "a b", "effect": "NoExecute"}, "metadata.taints[0].key: Invalid value"),
        ({"key": "a", "value": "-", "effect": "NoExecute"}, "metadata.taints[0].value: Invalid value"),
    ],
)
def test_taints(taint, found):
    assert complaints(built("v1", "Node", spec={"taints": [taint]}))[0].startswith(found)


def test_nodes():
    assert complaints(built("v1", "Node", spec={"podCIDRs": ["10.0.0.0/8", "10.1.0.0/16"]}))[0].endswith(
        "may specify no more than one CIDR for each IP family"
    )
    assert complaints(built("v1", "Node", status={"capacity": {"cpu": "-1"}}))[0].startswith("status.capacity.cpu: ")


def test_the_ranges_and_the_provider_of_a_node_stay():
    old = built("v1", "Node", spec={"podCIDRs": ["10.0.0.0/24"], "providerID": "a"})
    new = built("v1", "Node", spec={"podCIDRs": ["10.0.1.0/24"], "providerID": "b"})
    assert update_complaints(new, old) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]


@pytest.mark.parametrize(
    ("subset", "found"),
    [
        ({}, "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"),
        ({"addresses": [{"ip": "127.0.0.1"}]}, "subsets[0].addresses[0].ip: Invalid value"),
        ({"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 0}]}, "subsets[0].ports[0].port: Invalid value: 0"),
        ({"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 1}, {"port": 2, "name": "a"}]}, "subsets[0].ports[0].name: Required value"),
    ],
)  # fmt: skip
def test_endpoints(subset, found):
    assert complaints(built("v1", "Endpoints", subsets=[subset]))[0].startswith(found)


def event(**fields: Any) -> list[str]:
    base = {"involvedObject": {"namespace": "ns"}, "reason": "R", "type": "Normal"}
    return complaints(built("v1", "Event", **(base | fields)))


def test_events_stand_in_the_namespace_of_their_object():
    assert event() == []
    assert event(involvedObject={"namespace": "other"}) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]


def test_new_events_are_checked_strictly():
    good = {
        "eventTime": "2020-01-01T00:00:00.000000Z",
        "regarding": {"namespace": "ns"},
        "reason": "R",
        "action": "A",
        "type": "Normal",
        "reportingController": "a.b/c",
        "reportingInstance": "i",
    }
    assert complaints(built("events.k8s.io/v1", "Event", **good)) == []
    found = complaints(built("events.k8s.io/v1", "Event", **(good | {"type": "X", "series": {"count": 1}})))
    assert [f.partition(":")[0] for f in found] == ["series.count", "series.lastObservedTime", "type"]


def test_replication_controllers():
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    assert complaints(built("v1", "ReplicationController", spec={"template": template})) == []
    other = {"selector": {"a": "c"}, "template": template, "replicas": -1}
    found = complaints(built("v1", "ReplicationController", spec=other))
    assert found == [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
    ]
