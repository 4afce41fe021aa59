"""Structures in messages: every field of Kubernetes' internal types in their order, whether it is set or not."""

from copy import deepcopy

import pytest

from .build import built, complaints, container_problems, pod_problems, update_complaints

RBAC = "rbac.authorization.k8s.io/v1"
CONTAINERS = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}


def one(problems):
    [found] = problems
    return found


def test_a_role_that_a_binding_refers_to():
    old = built(RBAC, "RoleBinding", roleRef={"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"})
    new = deepcopy(old)
    new["roleRef"]["name"] = "s"
    shown = '{"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"s"}'
    assert one(update_complaints(new, old)) == f"roleRef: Invalid value: {shown}: cannot change roleRef"


def test_a_budget_with_both_bounds():
    spec = {"selector": {"matchLabels": {"a": "b"}}, "minAvailable": 1, "maxUnavailable": "10%"}
    shown = '{"MinAvailable":1,"Selector":{"matchLabels":{"a":"b"}},"MaxUnavailable":"10%","UnhealthyPodEvictionPolicy":null}'
    assert complaints(built("policy/v1", "PodDisruptionBudget", spec=spec))[0].startswith(
        f"spec: Invalid value: {shown}: minAvailable and maxUnavailable"
    )


def test_a_security_context():
    found = one(container_problems(securityContext={"privileged": True, "allowPrivilegeEscalation": False}))
    assert found.startswith(
        'spec.containers[0].securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,'
        '"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,'
        '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set'
    )


def test_a_claim_of_a_pod():
    claim = {"name": "c", "resourceClaimName": "a", "resourceClaimTemplateName": "b"}
    shown = '{"Name":"c","ResourceClaimName":"a","ResourceClaimTemplateName":"b"}'
    assert f"Invalid value: {shown}: at most one" in one(pod_problems(resourceClaims=[claim]))


@pytest.mark.parametrize(
    ("strategy", "shown"),
    [
        ({"type": "X"}, '{"Type":"X","RollingUpdate":null}'),
        (
            {"rollingUpdate": {"partition": 1}, "type": "X"},
            '{"Type":"X","RollingUpdate":{"Partition":1,"MaxUnavailable":null}}',
        ),
    ],
)
def test_a_strategy(strategy, shown):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {
        "selector": {"matchLabels": {"a": "b"}},
        "template": template,
        "serviceName": "s",
        "updateStrategy": strategy,
    }
    found = one(complaints(built("apps/v1", "StatefulSet", spec=spec)))
    assert found == f"spec.updateStrategy: Invalid value: {shown}: must be 'RollingUpdate' or 'OnDelete'"


def test_a_success_policy():
    template = {"metadata": {"labels": {}}, "spec": CONTAINERS}
    policy = {"rules": [{"succeededCount": 1}]}
    job = built("batch/v1", "Job", spec={"template": template, "completions": 2, "successPolicy": policy})
    shown = '{"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}'
    assert any(f"successPolicy: Invalid value: {shown}: " in found for found in complaints(job))


def test_scopes_that_do_not_fit_a_resource():
    selector = {"matchExpressions": [{"scopeName": "Terminating", "operator": "Exists"}]}
    quota = built("v1", "ResourceQuota", spec={"hard": {"services": "1"}, "scopeSelector": selector})
    shown = '{"MatchExpressions":[{"ScopeName":"Terminating","Operator":"Exists","Values":null}]}'
    assert any(f"Invalid value: {shown}: unsupported scope" in found for found in complaints(quota))


def test_a_volume_attachment_that_changes():
    spec = {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "p"}}
    old = built("storage.k8s.io/v1", "VolumeAttachment", spec=spec)
    old["metadata"].pop("namespace")
    new = deepcopy(old)
    new["spec"]["nodeName"] = "m"
    shown = '{"Attacher":"a","Source":{"PersistentVolumeName":"p","InlineVolumeSpec":null},"NodeName":"m"}'
    assert one(update_complaints(new, old)) == f"spec: Invalid value: {shown}: field is immutable"
