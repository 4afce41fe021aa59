"""Pod Security Standards."""

import pytest

from podo.api.errors import Forbidden, Invalid
from podo.api.types.core_v1 import Namespace, Pod, SecurityContext
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.server.admission.pod_security.checks import checks_of, detailed, refusals
from podo.server.admission.pod_security.levels import BASELINE, LATEST, PREFIX, RESTRICTED, Standard, policy_of
from podo.server.admission.pod_security.plugin import violations
from podo.server.admission.pod_security.subject import Subject
from podo.server.context import Context
from tests.server.admission.build import container, meta, pod


def refused(spec, *, level=BASELINE, minor=LATEST, annotations=None):
    subject = Subject({"annotations": annotations or {}}, {"containers": [{"name": "c"}]} | spec)
    return detailed(refusals(Standard(level, minor), subject))


def one(**security):
    return {"containers": [{"name": "c", "securityContext": security}]}


GOOD = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    **one(allowPrivilegeEscalation=False, capabilities={"drop": ["ALL"]}),
}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param({}, "", id="plain"),
        pytest.param(
            one(privileged=True),
            'privileged (container "c" must not set securityContext.privileged=true)',
            id="privileged",
        ),
        pytest.param({"hostPID": True, "hostIPC": True}, "host namespaces (hostPID=true, hostIPC=true)", id="host"),
        pytest.param(
            {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")', id="host path"
        ),
        pytest.param(
            {"containers": [{"name": "a", "ports": [{"hostPort": 80}]}, {"name": "b", "ports": [{"hostPort": 81}]}]},
            'hostPort (containers "a", "b" use hostPorts 80, 81)',
            id="host ports",
        ),
        pytest.param(
            {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"host": "x"}}}]},
            'probe or lifecycle host (container "c" uses probe or lifecycle host "x")',
            id="probe of another host",
        ),
        pytest.param(
            one(capabilities={"add": ["SYS_TIME", "CHOWN"]}),
            'non-default capabilities (container "c" must not include "SYS_TIME" in securityContext.capabilities.add)',
            id="capabilities",
        ),
        pytest.param(
            one(procMount="Unmasked"),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
            id="proc mount",
        ),
        pytest.param({"hostUsers": False, **one(procMount="Unmasked")}, "", id="proc mount among own users"),
        pytest.param(
            {"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}},
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
            id="SELinux",
        ),
        pytest.param(
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
            id="seccomp",
        ),
        pytest.param(
            {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
            'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
            id="AppArmor",
        ),
        pytest.param(
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, "forbidden sysctls (kernel.msgmax)", id="ctl"
        ),
        pytest.param(
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
            id="Windows",
        ),
    ],
)
def test_the_baseline(spec, why):
    assert refused(spec) == why


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param(GOOD, "", id="good"),
        pytest.param(
            {},
            "allowPrivilegeEscalation != false "
            '(container "c" must set securityContext.allowPrivilegeEscalation=false), '
            'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
            'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
            'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to '
            '"RuntimeDefault" or "Localhost")',
            id="plain",
        ),
        pytest.param(
            GOOD | {"volumes": [{"name": "v", "nfs": {}}, {"name": "e", "emptyDir": {}}]},
            'restricted volume types (volume "v" uses restricted volume type "nfs")',
            id="volumes",
        ),
        pytest.param(
            GOOD | {"securityContext": GOOD["securityContext"] | {"runAsUser": 0}},
            "runAsUser=0 (pod must not set runAsUser=0)",
            id="root",
        ),
        pytest.param(
            GOOD | {"securityContext": GOOD["securityContext"] | {"runAsNonRoot": False}},
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
            id="may be root",
        ),
        pytest.param({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}}, "", id="Windows"),
    ],
)
def test_the_restricted_level(spec, why):
    assert refused(spec, level=RESTRICTED) == why


def test_old_versions_ask_what_they_asked():
    sysctl = {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}}
    assert refused(sysctl) == ""
    assert refused(sysctl, minor=31) == "forbidden sysctls (net.ipv4.tcp_rmem)"
    annotated = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert refused({}, annotations=annotated) == ""
    assert refused({}, annotations=annotated, minor=18).startswith("seccompProfile (forbidden annotation ")
    assert len(checks_of(Standard(RESTRICTED, 7))) < len(checks_of(Standard(RESTRICTED)))


def test_labels_set_the_policy():
    policy, errors = policy_of({f"{PREFIX}enforce": "baseline", f"{PREFIX}enforce-version": "v1.25"})
    assert (str(policy.enforce), str(policy.warn), str(policy.audit)) == (
        *("baseline:v1.25", "baseline:v1.25"),
        "privileged:latest",
    )
    assert errors == []
    policy, errors = policy_of({f"{PREFIX}enforce": "strict", f"{PREFIX}warn-version": "1.2"})
    assert policy.enforce.level == RESTRICTED
    assert [error.detail for error in errors] == [
        "must be one of privileged, baseline, restricted",
        'must be "latest" or "v1.x"',
    ]
    assert policy_of({})[0].allows_everything


@pytest.fixture
async def enforcing(client):
    labels = {"metadata": {"labels": {f"{PREFIX}enforce": "baseline", f"{PREFIX}warn": "restricted"}}}
    return await client.patch(Namespace, Key("", "default"), Patch(media_type=MERGE_PATCH, body=labels))


@pytest.mark.usefixtures("enforcing")
async def test_a_pod_that_does_not_meet_the_standard_is_refused(client):
    bad = container(security_context=SecurityContext(privileged=True))
    with pytest.raises(Forbidden) as caught:
        await client.create(pod(containers=(bad,)))
    assert str(caught.value) == (
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged '
        '(container "c" must not set securityContext.privileged=true)'
    )


@pytest.mark.usefixtures("enforcing")
async def test_a_pod_that_lacks_what_is_warned_of_is_made_with_a_warning(core, clock, client):
    served = core.catalog.by_path("", "v1", "pods")
    ctx = Context(core.client()._user, clock.now(), namespace="default")
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}
    body["spec"]["containers"][0]["image"] = "i:1"
    await core.registry.create(ctx, served, body)
    assert ctx.warnings[0].startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation')
    labelled = Patch(media_type=MERGE_PATCH, body={"metadata": {"labels": {"a": "b"}}})
    assert await client.patch(Pod, Key("default", "p"), labelled)


async def test_labels_that_set_no_policy_are_invalid(client):
    labels = Patch(media_type=MERGE_PATCH, body={"metadata": {"labels": {f"{PREFIX}enforce": "strict"}}})
    with pytest.raises(Invalid, match="must be one of privileged, baseline, restricted"):
        await client.patch(Namespace, Key("", "default"), labels)


def test_a_namespace_that_enforces_more_says_which_pods_lack_it():
    bad = container(security_context=SecurityContext(privileged=True))
    pods = [pod("a"), pod("b", containers=(bad,)), pod("c", containers=(bad,)), pod("d", metadata=meta("d"))]
    assert violations("ns", Standard(BASELINE), pods) == [
        'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
        "b (and 1 other pod): privileged",
    ]
    assert violations("ns", Standard(BASELINE), pods[:1]) == []
