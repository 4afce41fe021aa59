"""Which requests a policy has recorded."""

import pytest
import yaml

from podo.server.audit.policy import Level, PolicyError, load_policy
from podo.server.context import User
from podo.server.http.request_info import request_info

JANE = User("jane", groups=("dev", "system:authenticated"))


def policy(tmp_path, *rules, **more):
    path = tmp_path / "policy.yaml"
    head = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}
    path.write_text(yaml.safe_dump(head | {"rules": list(rules)} | more))
    return load_policy(path)


def info(path, method="GET", verb=""):
    found = request_info(method, path)
    return found._replace(verb=verb) if verb else found


PODS = info("/api/v1/namespaces/a/pods/p")


@pytest.mark.parametrize(
    ("rule", "what", "matches"),
    [
        ({}, PODS, True),
        ({"users": ["jane"]}, PODS, True),
        ({"users": ["joe"]}, PODS, False),
        ({"userGroups": ["ops", "dev"]}, PODS, True),
        ({"userGroups": ["ops"]}, PODS, False),
        ({"verbs": ["get"]}, PODS, True),
        ({"verbs": ["list"]}, PODS, False),
        ({"namespaces": ["a"]}, PODS, True),
        ({"namespaces": [""]}, PODS, False),
        ({"namespaces": [""]}, info("/api/v1/nodes/n"), True),
        ({"namespaces": ["a"]}, info("/healthz"), False),
        ({"resources": [{"group": ""}]}, PODS, True),
        ({"resources": [{"group": "apps"}]}, PODS, False),
        ({"resources": [{"resources": ["pods"]}]}, PODS, True),
        ({"resources": [{"resources": ["pods"]}]}, info("/api/v1/namespaces/a/pods/p/log"), False),
        ({"resources": [{"resources": ["pods/*"]}]}, info("/api/v1/namespaces/a/pods/p/log"), True),
        ({"resources": [{"resources": ["*/log"]}]}, info("/api/v1/namespaces/a/pods/p/log"), True),
        ({"resources": [{"resources": ["*"]}]}, info("/api/v1/namespaces/a/pods/p/log"), True),
        ({"resources": [{"resources": ["pods"], "resourceNames": ["p"]}]}, PODS, True),
        ({"resources": [{"resources": ["pods"], "resourceNames": ["q"]}]}, PODS, False),
        ({"nonResourceURLs": ["/healthz*"]}, info("/healthz/ping"), True),
        ({"nonResourceURLs": ["/healthz"]}, info("/healthz/ping"), False),
        ({"nonResourceURLs": ["*"]}, info("/version"), True),
        ({"nonResourceURLs": ["*"]}, PODS, False),
    ],
)
def test_a_rule_matches_what_it_says(tmp_path, rule, what, matches):
    found = policy(tmp_path, {"level": "Metadata"} | rule).decide(JANE, what)
    assert found.level == (Level.METADATA if matches else Level.NONE)


def test_the_first_rule_that_matches_counts_and_none_means_nothing(tmp_path):
    found = policy(tmp_path, {"level": "None", "users": ["jane"]}, {"level": "RequestResponse", "verbs": ["get"]})
    assert found.decide(JANE, PODS).level is Level.NONE
    assert found.decide(User("joe"), PODS).level is Level.REQUEST_RESPONSE
    assert found.decide(User("joe"), info("/api/v1/nodes", verb="list")).level is Level.NONE


def test_stages_and_managed_fields_are_left_out_by_policy_and_rule(tmp_path):
    rules = ({"level": "Request", "omitStages": ["Panic"], "omitManagedFields": False},)
    found = policy(tmp_path, *rules, omitStages=["RequestReceived"], omitManagedFields=True).decide(JANE, PODS)
    assert found.omitted == {"Panic", "RequestReceived"}
    assert found.omit_managed_fields is False


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([], "0 rules"),
        ([{"level": "Everything"}], "unsupported value 'Everything'"),
        ([{"level": "Metadata", "omitStages": ["Never"]}], "unsupported stage 'Never'"),
        ([{"level": "Metadata", "nonResourceURLs": ["/a"], "namespaces": ["b"]}], "cannot apply to both"),
        ([{"level": "Metadata", "nonResourceURLs": ["/a*b"]}], "wildcard"),
        ([{"level": "Metadata", "resources": [{"resourceNames": ["a"]}]}], "at least one resource"),
        ([{"level": "Metadata", "user": ["a"]}], "user"),
    ],
)
def test_what_is_no_policy_is_refused_with_the_place(tmp_path, rules, why):
    with pytest.raises(PolicyError, match=why):
        policy(tmp_path, *rules)


@pytest.mark.parametrize("text", ["", "[]", "kind: Policy", "kind: Pod\napiVersion: v1", "{"])
def test_what_is_no_policy_file_is_refused(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        load_policy(path)
