"""Flow schemas and priority levels."""

import pytest

from podo.server.validation.flow_control import entropy_bits

from .build import built, complaints
from .cases import bad_paths, bad_update_paths, changed

V1 = "flowcontrol.apiserver.k8s.io/v1"
RESOURCE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["n"]}
RULE = {
    "subjects": [{"kind": "User", "user": {"name": "jo"}}],
    "resourceRules": [RESOURCE],
    "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}],
}


def cluster(kind, name="x", **spec):
    obj = built(V1, kind, metadata={"name": name}, spec=spec)
    obj["metadata"].pop("namespace")
    return obj


SCHEMA = cluster("FlowSchema", priorityLevelConfiguration={"name": "p"}, matchingPrecedence=5, rules=[RULE])
QUEUING = {"queues": 64, "handSize": 6, "queueLengthLimit": 50}
LIMITED = {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Queue", "queuing": QUEUING}}
LEVEL = cluster("PriorityLevelConfiguration", type="Limited", limited=LIMITED)


@pytest.mark.parametrize("obj", [SCHEMA, LEVEL])
def test_plain_ones_are_good(obj):
    assert complaints(obj) == []
    assert bad_update_paths(obj, "metadata.labels", {"a": "b"}) == []


R = "spec.rules.0"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec.matchingPrecedence", -1, "spec.matchingPrecedence"),
        ("spec.matchingPrecedence", 10001, "spec.matchingPrecedence"),
        ("spec.matchingPrecedence", 1, "spec.matchingPrecedence"),
        ("spec.distinguisherMethod", {"type": "X"}, "spec.distinguisherMethod.type"),
        ("spec.priorityLevelConfiguration", {}, "spec.priorityLevelConfiguration.name"),
        ("spec.priorityLevelConfiguration.name", "A", "spec.priorityLevelConfiguration.name"),
        (f"{R}.subjects", [], "spec.rules[0].subjects"),
        (f"{R}.subjects.0.kind", "X", "spec.rules[0].subjects[0].kind"),
        (f"{R}.subjects.0.kind", "Group", "spec.rules[0].subjects[0].group"),
        (f"{R}.subjects.0.user.name", "", "spec.rules[0].subjects[0].user.name"),
        (f"{R}.subjects.0", {"kind": "ServiceAccount", "serviceAccount": {"name": "A"}}, "spec.rules[0].subjects[0].s"),
        (R, {"subjects": RULE["subjects"]}, "spec.rules[0]"),
        (f"{R}.resourceRules.0.verbs", [], "spec.rules[0].resourceRules[0].verbs"),
        (f"{R}.resourceRules.0.verbs", ["X"], "spec.rules[0].resourceRules[0].verbs"),
        (f"{R}.resourceRules.0.verbs", ["*", "get"], "spec.rules[0].resourceRules[0].verbs"),
        (f"{R}.resourceRules.0.apiGroups", [], "spec.rules[0].resourceRules[0].apiGroups"),
        (f"{R}.resourceRules.0.resources", ["*", "a"], "spec.rules[0].resourceRules[0].resources"),
        (f"{R}.resourceRules.0.namespaces", [], "spec.rules[0].resourceRules[0].namespaces"),
        (f"{R}.resourceRules.0.namespaces", ["*", "a"], "spec.rules[0].resourceRules[0].namespaces"),
        (f"{R}.resourceRules.0.namespaces", ["A"], "spec.rules[0].resourceRules[0].namespaces[0]"),
        (f"{R}.nonResourceRules.0.nonResourceURLs", [], "spec.rules[0].nonResourceRules[0].nonResourceURLs"),
        (f"{R}.nonResourceRules.0.nonResourceURLs", ["*", "/"], "spec.rules[0].nonResourceRules[0].nonResourceURLs"),
        ("status.conditions", [{"type": "a"}, {"type": "a"}], "status.conditions[1].type"),
        ("status.conditions", [{"type": ""}], "status.conditions[0].type"),
    ],
)
def test_bad_schemas(path, value, bad):
    assert any(one.startswith(bad) for one in bad_paths(changed(SCHEMA, path, value)))


@pytest.mark.parametrize("url", ["", "a", "/a b", "/a//b", "/a*b", "/*/*"])
def test_bad_urls(url):
    obj = changed(SCHEMA, f"{R}.nonResourceRules.0.nonResourceURLs", [url])
    assert bad_paths(obj) == ["spec.rules[0].nonResourceRules[0].nonResourceURLs[0]"]


Q = "spec.limited.limitResponse.queuing"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec.type", "X", "spec.type"),
        ("spec.type", "Exempt", "spec.limited"),
        ("spec.limited", None, "spec.limited"),
        ("spec.exempt", {}, "spec.exempt"),
        ("spec.limited.nominalConcurrencyShares", -1, "spec.limited.nominalConcurrencyShares"),
        ("spec.limited.lendablePercent", 101, "spec.limited.lendablePercent"),
        ("spec.limited.borrowingLimitPercent", -1, "spec.limited.borrowingLimitPercent"),
        ("spec.limited.limitResponse.type", "X", "spec.limited.limitResponse.type"),
        ("spec.limited.limitResponse.type", "Reject", Q),
        (Q, None, Q),
        (f"{Q}.queues", 0, f"{Q}.queues"),
        (f"{Q}.queues", 10_000_001, f"{Q}.queues"),
        (f"{Q}.handSize", 0, f"{Q}.handSize"),
        (f"{Q}.handSize", 65, f"{Q}.handSize"),
        (f"{Q}.handSize", 60, f"{Q}.handSize"),
        (f"{Q}.queueLengthLimit", 0, f"{Q}.queueLengthLimit"),
        ("metadata.annotations", {"flowcontrol.k8s.io/preserve-zero-concurrency-shares": ""}, "metadata.annotations"),
    ],
)
def test_bad_levels(path, value, bad):
    assert bad in bad_paths(changed(LEVEL, path, value))


def test_what_the_server_needs_is_fixed():
    exempt = cluster("PriorityLevelConfiguration", "exempt", type="Exempt")
    assert complaints(exempt) == []
    assert bad_paths(cluster("PriorityLevelConfiguration", "catch-all", type="Limited", limited=LIMITED)) == ["spec"]
    assert bad_paths(changed(SCHEMA, "metadata.name", "catch-all")) == ["spec"]


def test_a_hand_of_queues_takes_bits():
    assert entropy_bits(64, 6) == 36
    assert bad_update_paths(LEVEL, "status.conditions", [{"type": ""}], "status") == ["status.conditions[0].type"]
