"""PodSecurity as a configuration file has it: what namespaces get that say nothing, and who is left alone."""

import pytest

from podo.api.errors import Forbidden
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.admission.configuration import Chosen
from podo.server.admission.default_set import default_admission
from podo.server.admission.pod_security.configuration import NO_SETTINGS, ignored, settings
from podo.server.admission.pod_security.levels import Policy, Standard, policy_of
from podo.server.authorization.default_set import default_access
from podo.server.context import User
from podo.server.core import running_core
from podo.server.options import GuardOptions, OptionError
from podo.store.memory import MemoryStore
from tests.server.admission.build import namespace, pod

FILE = """
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: latest, warn: restricted}
    exemptions: {usernames: [ann], namespaces: [exempt], runtimeClasses: [kata]}
"""


@pytest.fixture
async def core(clock, tmp_path):
    (tmp_path / "admission.yaml").write_text(FILE)
    options = GuardOptions(
        admission_control_config_file=str(tmp_path / "admission.yaml"), disable_admission_plugins="ServiceAccount"
    )

    def admission(cache, catalog):
        return default_admission(cache, catalog, default_access(cache, catalog).authorizer, options=options)

    async with running_core(MemoryStore(), clock, admission=admission) as running:
        client = running.client()
        for name in ("default", "exempt"):
            await client.create(namespace(name))
        await client.create(namespace("open", **{"pod-security.kubernetes.io/enforce": "privileged"}))
        yield running


def bad(where):
    return pod(metadata=ObjectMeta(name="p", namespace=where), host_network=True)


async def test_a_namespace_that_says_nothing_has_the_default(core):
    with pytest.raises(Forbidden, match='violates PodSecurity "baseline:latest": host namespaces'):
        await core.client().create(bad("default"))


async def test_labels_stand_above_the_default(core):
    await core.client().create(bad("open"))


async def test_exempt_namespaces_and_users_are_left_alone(core):
    await core.client().create(bad("exempt"))
    await core.client(user=User("ann", groups=("system:masters",))).create(bad("default"))


def chosen(**configuration):
    head = {"apiVersion": "pod-security.admission.config.k8s.io/v1", "kind": "PodSecurityConfiguration"}
    return Chosen(frozenset({"PodSecurity"}), {"PodSecurity": head | configuration})


@pytest.mark.parametrize(
    ("configuration", "why"),
    [
        ({"defaults": {"enforce": "strict"}}, "levels are privileged, baseline, restricted"),
        ({"defaults": {"enforce": "baseline", "enforce-version": "1"}}, "versions latest or v1.x"),
        ({"exemptions": {"users": []}}, "unknown field `users`"),
        ({"kind": "Pod"}, "must be of kind PodSecurityConfiguration"),
    ],
)
def test_a_configuration_that_is_none_is_refused(configuration, why):
    with pytest.raises(OptionError, match=why):
        settings(chosen(**configuration))


def test_without_a_configuration_everything_is_allowed():
    assert settings(Chosen(frozenset())) == NO_SETTINGS
    assert NO_SETTINGS.defaults.allows_everything


def test_labels_of_an_exempt_namespace_are_warned_of():
    labels = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/audit": "restricted"}
    policy, _ = policy_of(labels)
    text = ignored("kube-system", policy, Policy(), labels)
    assert text == (
        'namespace "kube-system" is exempt from Pod Security, and the policy '
        "(enforce=baseline:latest, audit=restricted:latest) will be ignored"
    )
    assert ignored("kube-system", Policy(), Policy(), {}) == ""
    assert ignored("kube-system", policy, policy, labels) == ""


def test_a_default_counts_where_labels_say_nothing():
    default = Policy(enforce=Standard("baseline", 30), warn=Standard("restricted"))
    assert policy_of({}, default) == (default, [])
    found, _ = policy_of({"pod-security.kubernetes.io/enforce": "restricted"}, default)
    assert found == default._replace(enforce=Standard("restricted", 30))
