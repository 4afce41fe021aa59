"""A login at an identity provider, with kubectl, and the audit log of it."""

import json
import sys

import pytest
import yaml

from tests.e2e.cluster import Kubectl, environment
from tests.e2e.processes import started

from .identity_provider import identity_provider

pytestmark = pytest.mark.e2e
AUTHENTICATION = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
READERS = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "readers"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "idp:readers"}],
}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "view"},
    "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
}


@pytest.fixture
def provider(tmp_path):
    with identity_provider(tmp_path) as found:
        yield found


@pytest.fixture
def kubectl(provider, tmp_path):
    """kubectl as administrator of an API that believes the provider."""
    mappings = {
        "username": {"expression": "'idp:' + claims.email"},
        "groups": {"claim": "groups", "prefix": "idp:"},
    }
    issuer = {"url": provider.address, "audiences": ["podo"], "certificateAuthority": provider.authority}
    rule = {"expression": "claims.email.endsWith('@example.com')", "message": "only our own people"}
    jwt = {"issuer": issuer, "claimMappings": mappings, "claimValidationRules": [rule]}
    (tmp_path / "authentication.yaml").write_text(yaml.safe_dump(AUTHENTICATION | {"jwt": [jwt]}))
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    command = [sys.executable, "-m", "podo.main", "server", "--api-only", "--listen", "127.0.0.1:0"]
    command += ["--kubeconfig-out", str(tmp_path / "kubeconfig"), "--authentication-config"]
    command += [str(tmp_path / "authentication.yaml"), "--audit-policy-file", str(tmp_path / "policy.yaml")]
    command += ["--audit-log-path", str(tmp_path / "audit.log")]
    with started(command, environment(tmp_path)) as server:
        server.expect("podo API server on https://")
        yield Kubectl(tmp_path / "kubeconfig", tmp_path)


def as_user(kubectl, provider, **claims):
    """kubectl with a token, without the administrator's certificate."""
    config = yaml.safe_load(kubectl.kubeconfig.read_text())
    token = provider.token(**{"email": "jane@example.com", "groups": ["readers"]} | claims)
    config["users"] = [{"name": "podo", "user": {"token": token}}]
    path = kubectl.home / "user.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return Kubectl(path, kubectl.home)


def test_who_has_logged_in_is_known_by_name_and_groups_and_may_what_they_may(kubectl, provider):
    kubectl.apply(ROLE, READERS)
    jane = as_user(kubectl, provider)
    who = json.loads(jane("auth", "whoami", "-o", "json"))["status"]["userInfo"]
    assert who["username"] == "idp:jane@example.com"
    assert who["groups"] == ["idp:readers", "system:authenticated"]
    assert "No resources found" in jane.try_("get", "configmaps").stderr
    assert 'User "idp:jane@example.com" cannot delete resource' in jane.refusal("delete", "configmap", "a")


def test_who_may_not_log_in_does_not_get_in(kubectl, provider):
    for claims in ({"email": "eve@evil.com"}, {"aud": "another"}, {"seconds": -10}, {"iss": "https://127.0.0.1:1"}):
        assert "Unauthorized" in as_user(kubectl, provider, **claims).refusal("auth", "whoami")


def test_the_audit_log_has_who_came_in_and_who_did_not(kubectl, provider):
    as_user(kubectl, provider)("auth", "whoami")
    as_user(kubectl, provider, email="eve@evil.com").refusal("get", "configmaps")
    events = [json.loads(line) for line in (kubectl.home / "audit.log").read_text().splitlines()]
    users = {event["user"].get("username", "") for event in events}
    assert "idp:jane@example.com" in users
    assert any(event.get("responseStatus", {}).get("code") == 401 for event in events)
    assert provider.token(email="jane@example.com")[:20] not in (kubectl.home / "audit.log").read_text()
