"""Every controller has an account with a role, and none has a right by which it could get others."""

import pytest

from podo.controllers.accounts import ACCOUNTS, CONTROLLER_MANAGER, OWN_RULES, own_roles
from podo.server.authorization.base import Attempt, Verdict
from podo.server.bootstrap.objects import default_objects
from podo.server.core import account, component
from tests.controllers.rights import DefaultRoles

RBAC = "rbac.authorization.k8s.io"
ALL = sorted({*ACCOUNTS.values(), *OWN_RULES})
BEYOND = [
    Attempt(component("x"), "create", RBAC, "v1", "clusterrolebindings", "", "", "mine"),
    Attempt(component("x"), "bind", RBAC, "v1", "clusterroles", "", "", "cluster-admin"),
    Attempt(component("x"), "impersonate", "", "v1", "users", "", "", "admin"),
    Attempt(component("x"), "create", "", "v1", "pods", "exec", "ns", "web"),
    Attempt(component("x"), "create", "", "v1", "nodes", "proxy", "", "n1"),
    Attempt(component("x"), "create", "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"),
    Attempt(component("x"), "update", "apiregistration.k8s.io", "v1", "apiservices", "", "", "v1.apps"),
]


def user(name):
    return component("kube-controller-manager") if name == CONTROLLER_MANAGER else account(name)


@pytest.mark.parametrize("name", ALL)
def test_each_account_is_given_a_role(name):
    subjects = [
        (subject["kind"], subject["name"])
        for binding in (*default_objects(), *own_roles())
        if binding["kind"].endswith("RoleBinding")
        for subject in binding.get("subjects") or ()
    ]
    wanted = ("ServiceAccount", name) if name else ("User", "system:kube-controller-manager")
    assert wanted in subjects


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("beyond", BEYOND, ids=lambda attempt: f"{attempt.verb}-{attempt.resource}")
async def test_privilege_escalation_by_controller_none_may_do_what_gives_everything(name, beyond):
    if name == "generic-garbage-collector" and beyond.verb == "update":
        return  # it takes finalizers out of anything that is to go
    decision = await DefaultRoles().authorize(beyond._replace(user=user(name)))
    assert decision.verdict is not Verdict.ALLOW


@pytest.mark.parametrize(
    ("name", "verb", "group", "resource"),
    [
        ("deployment-controller", "create", "apps", "replicasets"),
        ("replicaset-controller", "create", "", "pods"),
        ("podo-unstick", "delete", "", "pods"),
        ("podo-canary", "list", "custom.metrics.k8s.io", "pods"),
    ],
)
async def test_what_a_controller_does_is_its_own_right_alone(name, verb, group, resource):
    attempt = Attempt(account(name), verb, group, "v1", resource, "", "ns", "x")
    assert (await DefaultRoles().authorize(attempt)).verdict is Verdict.ALLOW
    other = attempt._replace(user=account("ttl-controller"))
    assert (await DefaultRoles().authorize(other)).verdict is not Verdict.ALLOW


async def test_the_scheduler_binds_pods_and_reads_no_secrets():
    scheduler = component("kube-scheduler")
    binding = Attempt(scheduler, "create", "", "v1", "pods", "binding", "ns", "web")
    assert (await DefaultRoles().authorize(binding)).verdict is Verdict.ALLOW
    secrets = Attempt(scheduler, "list", "", "v1", "secrets")
    assert (await DefaultRoles().authorize(secrets)).verdict is not Verdict.ALLOW
