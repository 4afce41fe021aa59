"""Quotas of everything, as the upstream suite looks at them."""

import json

import pytest

from tests.e2e.manifests import deployment, pod
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


def quota(kubectl, name, *more, **hard):
    words = ",".join(f"{key.replace('__', '/').replace('_', '.')}={value}" for key, value in hard.items())
    kubectl("create", "quota", name, f"--hard={words}", *more)
    until("it has been counted", lambda: used(kubectl, name).keys() == {w.split("=")[0] for w in words.split(",")})


def used(kubectl, name):
    return kubectl.get(f"resourcequota/{name}").get("status", {}).get("used", {})


def becomes(kubectl, name, **wanted):
    wanted = {key.replace("__", "/").replace("_", "."): value for key, value in wanted.items()}
    until(f"{wanted} is used", lambda: wanted.items() <= used(kubectl, name).items())


def test_services_and_their_ports_and_load_balancers(kubectl):
    quota(kubectl, "q", services=3, services_nodeports=1, services_loadbalancers=1)
    kubectl("create", "service", "clusterip", "a", "--tcp=80")
    kubectl("create", "service", "nodeport", "b", "--tcp=80")
    becomes(kubectl, "q", services="2", services_nodeports="1", services_loadbalancers="0")
    refused = kubectl.refusal("create", "service", "loadbalancer", "c", "--tcp=80")
    figures = "requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1"
    assert f"exceeded quota: q, {figures}" in refused
    kubectl("delete", "service", "b")
    becomes(kubectl, "q", services="1", services_nodeports="0")


def test_best_effort_and_time_limited_pods(kubectl):
    quota(kubectl, "best", "--scopes=BestEffort", pods=5)
    quota(kubectl, "limited", "--scopes=Terminating", pods=5)
    kubectl.apply(pod("plain"), pod("timed", activeDeadlineSeconds=3600))
    becomes(kubectl, "best", pods="2")
    becomes(kubectl, "limited", pods="1")
    kubectl("delete", "pod", "plain", "timed", "--now")
    becomes(kubectl, "best", pods="0")
    becomes(kubectl, "limited", pods="0")


def test_replica_sets_secrets_and_configuration(kubectl):
    quota(kubectl, "q", count__replicasets_apps=2, secrets=5, configmaps=10, pods=10)
    before = int(used(kubectl, "q")["configmaps"])
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    kubectl.apply(deployment("web"))
    becomes(kubectl, "q", count__replicasets_apps="1", secrets="1", configmaps=str(before + 1), pods="1")
    kubectl("delete", "deployment/web", "configmap/c", "secret/s")
    becomes(kubectl, "q", count__replicasets_apps="0", secrets="0", configmaps=str(before), pods="0")


def test_custom_resources_are_counted_from_the_moment_that_they_are_served(kubectl):
    number = kubectl.namespace.rpartition("-")[2]
    group = f"counted-{number}.example.com"  # short: a quota's names have 63 characters at most
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }  # fmt: skip
    name = f"count/widgets.{group}"
    kubectl("create", "quota", "q", f"--hard={name}=1")
    kubectl.apply(definition)
    kubectl.wait("condition=Established", f"crd/widgets.{group}")
    widgets = [{"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": n}} for n in ("one", "two")]
    until("it has been counted", lambda: used(kubectl, "q") == {name: "0"})
    kubectl.apply(widgets[0])
    assert used(kubectl, "q") == {name: "1"}
    refused = kubectl.refusal("apply", "-f", "-", stdin=json.dumps(widgets[1]))
    assert f"exceeded quota: q, requested: {name}=1" in refused
    kubectl("delete", "widget.v1." + group, "one")
    until("the place is free", lambda: used(kubectl, "q") == {name: "0"})
    kubectl("delete", "crd", f"widgets.{group}")
