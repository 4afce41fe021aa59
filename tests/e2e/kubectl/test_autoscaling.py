"""Autoscaling on real load, with nothing installed."""

import pytest

from tests.e2e.manifests import deployment, pod
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e

BURN = "while true; do if [ -e /burn ]; then i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; else sleep 0.2; fi; done"
COUNTING = (
    "mkdir -p /www; n=0; (while true; do n=$((n+50)); "
    'printf "# TYPE hits_total counter\\nhits_total{code=\\"200\\"} %d\\n" $n > /www/new; mv /www/new /www/metrics; '
    "sleep 1; done) & exec httpd -f -p 8080 -h /www"
)


def worker(name, script, **more):
    made = deployment(name)
    spec = made["spec"]["template"]["spec"]
    limits = {"requests": {"cpu": "50m"}, "limits": {"cpu": "150m"}}
    spec["containers"] = [{"name": "main", "image": "hello:v1", "command": ["sh", "-c", script], "resources": limits}]
    spec["terminationGracePeriodSeconds"] = 0
    made["spec"]["template"]["metadata"] |= more
    return made


def autoscaler(name, metric, most=3):
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 0}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "maxReplicas": most, "metrics": [metric], "behavior": behavior}
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": spec
    }  # fmt: skip


def size(kubectl, name):
    return kubectl.get(f"deployment/{name}")["spec"]["replicas"]


def test_cpu_load_scales_out_and_its_end_back_in(kubectl):
    kubectl.apply(worker("burn", BURN))
    kubectl.rolled_out("deployment/burn")
    (first,) = kubectl.pods("-l", "app=burn")
    kubectl("exec", first["metadata"]["name"], "--", "touch", "/burn")
    until("the load is seen", lambda: "burn" in kubectl.try_("top", "pods", "--no-headers").stdout)
    target = {"type": "Utilization", "averageUtilization": 60}
    kubectl.apply(autoscaler("burn", {"type": "Resource", "resource": {"name": "cpu", "target": target}}))
    until("it has scaled out", lambda: size(kubectl, "burn") > 1, 30)
    described = kubectl("describe", "hpa", "burn")
    assert "SuccessfulRescale" in described
    assert "above target" in described
    for one in kubectl.pods("-l", "app=burn"):
        kubectl.try_("exec", one["metadata"]["name"], "--", "rm", "-f", "/burn")
    until("it has scaled in", lambda: size(kubectl, "burn") == 1, 60)
    assert "ScalingActive   True    ValidMetricFound" in kubectl("describe", "hpa", "burn")


def test_requests_a_second_scale_without_an_add_on(kubectl):
    kubectl.apply(worker("hits", COUNTING, annotations={"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}))
    kubectl.rolled_out("deployment/hits")
    target = {"type": "AverageValue", "averageValue": "20"}
    metric = {"type": "Pods", "pods": {"metric": {"name": "hits_per_second"}, "target": target}}
    kubectl.apply(autoscaler("hits", metric))
    until("it has scaled out", lambda: size(kubectl, "hits") == 3, 40)
    assert "hits_per_second" in kubectl("describe", "hpa", "hits")
    path = f"/apis/custom.metrics.k8s.io/v1beta2/namespaces/{kubectl.namespace}/pods/*/hits_per_second"
    assert '"windowSeconds"' in kubectl("get", "--raw", path)


def test_a_quota_holds_a_namespace_to_its_limits(kubectl):
    kubectl("create", "quota", "few", "--hard=pods=1,count/configmaps=3")
    until("it has been counted", lambda: "pods: 0/1" in kubectl("get", "quota", "few"))
    kubectl.apply(pod("one"))
    assert "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1" in kubectl.refusal(
        "run", "two", "--image=hello:v1"
    )
    kubectl("delete", "pod", "one", "--now")
    until("the place is free", lambda: "pods: 0/1" in kubectl("get", "quota", "few"))
