"""Which FlowSchema a request matches."""

import msgspec
import pytest

from podo.api.types.flowcontrol_v1 import FlowSchema, PriorityLevelConfigurationSpec
from podo.server.context import User
from podo.server.fairness.configured import limits_of
from podo.server.fairness.matching import matches
from podo.server.http.request_info import request_info

JANE = User("jane", groups=("dev", "system:authenticated"))
ACCOUNT = User("system:serviceaccount:ns:x", groups=("system:serviceaccounts",))
PODS = request_info("GET", "/api/v1/namespaces/ns/pods/p")
NODE = request_info("GET", "/api/v1/nodes/n")
ANY = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
USER = {"kind": "User", "user": {"name": "jane"}}


def schema(subject=USER, resource=None, path=None):
    rule = {"subjects": [subject], "resourceRules": [resource] if resource else []}
    rule |= {"nonResourceRules": [path] if path else []}
    return msgspec.convert({"spec": {"rules": [rule]}}, FlowSchema)


@pytest.mark.parametrize(
    ("subject", "user", "expected"),
    [
        (USER, JANE, True),
        (USER, ACCOUNT, False),
        ({"kind": "User", "user": {"name": "*"}}, ACCOUNT, True),
        ({"kind": "Group", "group": {"name": "dev"}}, JANE, True),
        ({"kind": "Group", "group": {"name": "dev"}}, ACCOUNT, False),
        ({"kind": "Group", "group": {"name": "*"}}, ACCOUNT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "ns", "name": "x"}}, ACCOUNT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "ns", "name": "*"}}, ACCOUNT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "n", "name": "*"}}, ACCOUNT, False),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "ns", "name": "y"}}, ACCOUNT, False),
    ],
)
def test_subjects(subject, user, expected):
    assert matches(schema(subject, ANY), user, PODS) is expected


@pytest.mark.parametrize(
    ("rule", "info", "expected"),
    [
        (ANY, PODS, True),
        (ANY, NODE, True),
        (ANY | {"clusterScope": False}, NODE, False),
        (ANY | {"namespaces": []}, PODS, False),
        (ANY | {"namespaces": ["ns"]}, PODS, True),
        (ANY | {"verbs": ["list"]}, PODS, False),
        (ANY | {"resources": ["pods"]}, PODS, True),
        (ANY | {"resources": ["pods"]}, request_info("GET", "/api/v1/namespaces/ns/pods/p/status"), False),
        (ANY | {"resources": ["pods/status"]}, request_info("GET", "/api/v1/namespaces/ns/pods/p/status"), True),
        (ANY | {"apiGroups": ["apps"]}, PODS, False),
        (ANY, request_info("GET", "/healthz"), False),
    ],
)
def test_resources(rule, info, expected):
    assert matches(schema(resource=rule), JANE, info) is expected


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [("*", "/a", True), ("/a", "/a", True), ("/a/*", "/a/b", True), ("/a", "/a/b", True), ("/a", "/ab", False)],
)
def test_paths(given, path, expected):
    rule = {"verbs": ["get"], "nonResourceURLs": [given]}
    assert matches(schema(path=rule), JANE, request_info("GET", path)) is expected


def test_seats_are_shared_by_the_shares():
    def limited(shares, **more):
        return {"type": "Limited", "limited": {"nominalConcurrencyShares": shares} | more}

    queuing = {"limitResponse": {"type": "Queue", "queuing": {"queues": 8, "handSize": 2, "queueLengthLimit": 5}}}
    specs = {
        "a": limited(30, lendablePercent=50, borrowingLimitPercent=10, **queuing),
        "b": limited(70),
        "c": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0}},
    }
    found = limits_of({k: msgspec.convert(v, PriorityLevelConfigurationSpec) for k, v in specs.items()}, 600)
    a = found["a"]
    assert (a.nominal, a.least, a.most, a.queues, a.hand, a.length) == (180, 90, 198, 8, 2, 5)
    assert (found["b"].nominal, found["b"].most, found["b"].queues) == (420, 600, 0)
    assert found["c"] is None
    assert a.widest == 27
