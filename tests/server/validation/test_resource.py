"""Dynamic resource allocation."""

import pytest

from .build import built, complaints
from .cases import bad_paths, bad_update_paths, changed

V1 = "resource.k8s.io/v1"
DEVICES = {
    "requests": [
        {
            "name": "r",
            "exactly": {
                "deviceClassName": "c",
                "selectors": [{"cel": {"expression": "device.driver == 'd'"}}],
                "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
            },
        },
        {"name": "o", "firstAvailable": [{"name": "s", "deviceClassName": "c"}]},
    ],
    "constraints": [{"requests": ["r", "o/s"], "matchAttribute": "a.b/c"}],
    "config": [{"requests": ["r"], "opaque": {"driver": "d", "parameters": {"a": 1}}}],
}
CLAIM = built(V1, "ResourceClaim", spec={"devices": DEVICES})
TEMPLATE = built(V1, "ResourceClaimTemplate", spec={"spec": {"devices": DEVICES}})


def cluster(kind, **rest):
    obj = built(V1, kind, **rest)
    obj["metadata"].pop("namespace", None)
    return obj


CLASS = cluster("DeviceClass", spec={"selectors": [{"cel": {"expression": "true"}}], "extendedResourceName": "a.b/c"})
DEVICE = {
    "name": "d",
    "attributes": {"a": {"int": 1}, "b.c/d": {"version": "1.2.3"}},
    "capacity": {"m": {"value": "1Gi"}},
    "taints": [{"key": "k", "effect": "NoSchedule"}],
}
SLICE = cluster(
    "ResourceSlice",
    spec={
        "driver": "d.e",
        "pool": {"name": "p", "resourceSliceCount": 1, "generation": 1},
        "nodeName": "n",
        "devices": [DEVICE],
    },
)


@pytest.mark.parametrize("obj", [CLAIM, TEMPLATE, CLASS, SLICE], ids=lambda o: o["kind"])
def test_plain_ones_are_good(obj):
    assert complaints(obj) == []
    assert bad_update_paths(obj, "metadata.labels", {"a": "b"}) == []


R = "spec.devices.requests"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        (f"{R}.0.name", "A", f"{R}[0].name"),
        (f"{R}.1.name", "r", f"{R}[1]"),
        (f"{R}.0.exactly", None, f"{R}[0]"),
        (f"{R}.1.exactly", {"deviceClassName": "c"}, f"{R}[1]"),
        (f"{R}.0.exactly.deviceClassName", "", f"{R}[0].exactly.deviceClassName"),
        (f"{R}.0.exactly.deviceClassName", "A", f"{R}[0].exactly.deviceClassName"),
        (f"{R}.0.exactly.allocationMode", "X", f"{R}[0].exactly.allocationMode"),
        (f"{R}.0.exactly.allocationMode", "All", f"{R}[0].exactly.count"),
        (f"{R}.0.exactly.count", 0, f"{R}[0].exactly.count"),
        (f"{R}.0.exactly.selectors", [{}], f"{R}[0].exactly.selectors[0].cel"),
        (f"{R}.0.exactly.selectors", [{}] * 33, f"{R}[0].exactly.selectors"),
        (f"{R}.0.exactly.selectors.0.cel.expression", "nobody", f"{R}[0].exactly.selectors[0].cel.expression"),
        (f"{R}.0.exactly.selectors.0.cel.expression", "x" * 11000, f"{R}[0].exactly.selectors[0].cel.expression"),
        (f"{R}.0.exactly.tolerations.0.value", "x", f"{R}[0].exactly.tolerations[0].value"),
        (f"{R}.0.exactly.tolerations.0.operator", "X", f"{R}[0].exactly.tolerations[0].operator"),
        (f"{R}.0.exactly.tolerations.0.effect", "X", f"{R}[0].exactly.tolerations[0].effect"),
        (f"{R}.1.firstAvailable.0.name", "A", f"{R}[1].firstAvailable[0].name"),
        ("spec.devices.constraints.0.requests", ["x"], "spec.devices.constraints[0].requests[0]"),
        ("spec.devices.constraints.0.requests", ["o/x/y"], "spec.devices.constraints[0].requests[0]"),
        ("spec.devices.constraints.0.requests", ["r", "r"], "spec.devices.constraints[0].requests[1]"),
        ("spec.devices.constraints.0.matchAttribute", "a", "spec.devices.constraints[0].matchAttribute"),
        ("spec.devices.constraints.0.matchAttribute", "/a", "spec.devices.constraints[0].matchAttribute"),
        ("spec.devices.constraints.0.matchAttribute", None, "spec.devices.constraints[0]"),
        ("spec.devices.config.0.opaque", None, "spec.devices.config[0].opaque"),
        ("spec.devices.config.0.opaque.driver", "", "spec.devices.config[0].opaque.driver"),
        ("spec.devices.config.0.opaque.parameters", [], "spec.devices.config[0].opaque.parameters"),
        ("spec.devices.config.0.opaque.parameters", {"a": "x" * 11000}, "spec.devices.config[0].opaque.parameters"),
    ],
)
def test_bad_claims(path, value, bad):
    assert bad in bad_paths(changed(CLAIM, path, value))


def test_a_claim_stays_as_it_is():
    assert bad_update_paths(CLAIM, f"{R}.0.name", "other") == ["spec"]
    assert bad_update_paths(TEMPLATE, "spec.metadata", {"labels": {"a": "b"}}) == ["spec"]
    both = bad_update_paths(TEMPLATE, "spec.spec.devices.requests.0.name", "-")
    assert both[0] == "spec.spec.devices.requests[0].name"  # what is no good in a new one is none in a changed one
    assert both[-1] == "spec"


def test_bad_classes():
    assert bad_paths(changed(CLASS, "spec.extendedResourceName", "cpu")) == ["spec.extendedResourceName"]
    assert bad_paths(changed(CLASS, "spec.config", [{}])) == ["spec.config[0].opaque"]


RESULT = {"request": "r", "driver": "d", "pool": "p", "device": "v"}
USER = {"resource": "pods", "name": "n", "uid": "u"}
ALLOCATION = {"devices": {"results": [RESULT]}}
ALLOCATED = changed(CLAIM, "status.allocation", ALLOCATION)
STATUS = {"driver": "d", "pool": "p", "device": "v"}


@pytest.mark.parametrize(
    ("old", "path", "value", "bad"),
    [
        (CLAIM, "status.allocation", ALLOCATION, []),
        (CLAIM, "status.reservedFor", [USER], ["status.reservedFor"]),
        (ALLOCATED, "status.reservedFor", [USER], []),
        (ALLOCATED, "status.reservedFor", [USER, USER], ["status.reservedFor[1]"]),
        (ALLOCATED, "status.reservedFor", [{**USER, "name": ""}], ["status.reservedFor[0].name"]),
        (ALLOCATED, "status.allocation.devices.results.0.pool", "q", ["status.allocation"]),
        (ALLOCATED, "status.devices", [STATUS], []),
        (ALLOCATED, "status.devices", [{**STATUS, "device": "w"}], ["status.devices[0]"]),
        (ALLOCATED, "status.devices", [{**STATUS, "data": 5}], ["status.devices[0].data"]),
        (
            ALLOCATED,
            "status.devices",
            [{**STATUS, "networkData": {"ips": ["x"]}}],
            ["status.devices[0].networkData.ip"],
        ),
        (CLAIM, "status.allocation", {"devices": {"results": [{**RESULT, "request": "x"}]}}, None),
        (CLAIM, "status.allocation", {"devices": {"results": [{**RESULT, "shareID": "x"}]}}, None),
        (CLAIM, "status.allocation", {"devices": {"config": [{"source": "X"}]}}, None),
        (CLAIM, "status.allocation", {"devices": {"results": [{**RESULT, "bindingConditions": ["a"]}]}}, None),
    ],
)
def test_the_status_of_a_claim(old, path, value, bad):
    found = bad_update_paths(old, path, value, "status")
    assert found if bad is None else len(found) == len(bad)
    assert all(one.startswith(start) for one, start in zip(found, bad or found, strict=True))


D = "spec.devices.0"
DD = "spec.devices[0]"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec.driver", "", "spec.driver"),
        ("spec.pool.name", "", "spec.pool.name"),
        ("spec.pool.name", "A/b", "spec.pool.name"),
        ("spec.pool.resourceSliceCount", 0, "spec.pool.resourceSliceCount"),
        ("spec.pool.generation", -1, "spec.pool.generation"),
        ("spec.nodeName", None, "spec"),
        ("spec.nodeName", "", "spec.nodeName"),
        ("spec.allNodes", True, "spec"),
        ("spec.allNodes", False, "spec.allNodes"),
        ("spec.perDeviceNodeSelection", False, "spec.perDeviceNodeSelection"),
        ("spec.nodeSelector", {"nodeSelectorTerms": []}, "spec.nodeSelector.nodeSelectorTerms"),
        ("spec.sharedCounters", [{"name": "c", "counters": {"a": {"value": "1"}}}], "spec"),
        ("spec.sharedCounters", [{"name": "", "counters": {}}], "spec.sharedCounters[0].name"),
        ("spec.devices", [DEVICE, DEVICE], "spec.devices[1]"),
        ("spec.devices", [DEVICE] * 65, "spec.devices"),
        (f"{D}.name", "", f"{DD}.name"),
        (f"{D}.attributes", {"a-b": {"int": 1}}, f"{DD}.attributes"),
        (f"{D}.attributes", {"x" * 40: {"int": 1}}, f"{DD}.attributes"),
        (f"{D}.attributes", {"a": {}}, f"{DD}.attributes[a]"),
        (f"{D}.attributes", {"a": {"int": 1, "bool": True}}, f"{DD}.attributes[a]"),
        (f"{D}.attributes", {"a": {"version": "1"}}, f"{DD}.attributes[a].version"),
        (f"{D}.attributes", {"a": {"string": "x" * 65}}, f"{DD}.attributes[a].string"),
        (f"{D}.attributes", {f"a{i}": {"int": 1} for i in range(40)}, DD),
        (f"{D}.capacity.m.requestPolicy", {}, f"{DD}.capacity[m].requestPolicy"),
        (f"{D}.taints.0.effect", "", f"{DD}.taints[0].effect"),
        (f"{D}.taints.0.effect", "X", f"{DD}.taints[0].effect"),
        (f"{D}.taints.0.key", "", f"{DD}.taints[0].key"),
        (f"{D}.consumesCounters", [{"counterSet": "", "counters": {}}], f"{DD}.consumesCounters[0].counterSet"),
        (f"{D}.nodeName", "n", DD),
        (f"{D}.bindingConditions", ["a", "a"], f"{DD}.bindingConditions[1]"),
        (f"{D}.bindingFailureConditions", ["a"], f"{DD}.bindingConditions"),
        (f"{D}.nodeAllocatableResourceMappings", {"a.b/c": {}}, f"{DD}.nodeAllocatableResourceMappings[a.b/c]"),
        (
            f"{D}.nodeAllocatableResourceMappings",
            {"cpu": {"capacityKey": "x"}},
            f"{DD}.nodeAllocatableResourceMappings[cpu].capacityKey",
        ),
    ],
)
def test_bad_slices(path, value, bad):
    assert bad in bad_paths(changed(SLICE, path, value))


@pytest.mark.parametrize(
    ("policy", "bad"),
    [
        ({"validValues": ["1Gi"], "validRange": {}}, ""),
        ({"validValues": ["1Gi"]}, ".default"),
        ({"default": "1Mi", "validValues": ["1Gi"]}, ".validValues"),
        ({"default": "1Gi", "validValues": ["1Gi", "1Mi"]}, ".validValues[1]"),
        ({"default": "2Gi", "validValues": ["2Gi"]}, ".validValues[0]"),
        ({"default": "1Gi", "validRange": {}}, ".validRange.min"),
        ({"default": "1Mi", "validRange": {"min": "2Mi"}}, ".validRange.min"),
        ({"default": "1Gi", "validRange": {"min": "1Mi", "max": "2Gi"}}, ".validRange.max"),
        ({"default": "3", "validRange": {"min": "1", "step": "4"}}, ".validRange.step"),
        ({"validRange": {"min": "1"}}, ".default"),
    ],
)
def test_how_much_may_be_asked_for(policy, bad):
    device = {**DEVICE, "allowMultipleAllocations": True, "capacity": {"m": {"value": "1Gi", "requestPolicy": policy}}}
    obj = changed(SLICE, "spec.devices", [device])
    assert f"spec.devices[0].capacity[m].requestPolicy{bad}" in bad_paths(obj)


def test_whose_devices_they_are_stays():
    assert bad_update_paths(SLICE, "spec.driver", "other") == ["spec.driver"]
    assert bad_update_paths(SLICE, "spec.pool.name", "other") == ["spec.pool.name"]
    assert bad_update_paths(SLICE, "spec.nodeName", "m") == ["spec.nodeName"]


def test_devices_may_each_say_where_they_are():
    obj = changed(changed(SLICE, "spec.nodeName", None), "spec.perDeviceNodeSelection", True)
    assert bad_paths(obj) == ["spec.devices[0]"]
    assert bad_paths(changed(obj, "spec.devices.0.allNodes", True)) == []
