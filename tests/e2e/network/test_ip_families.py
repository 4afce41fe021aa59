"""Clusters of IPv6, and of both families, made by `podo up --ip-family`."""

import os
import subprocess
from contextlib import contextmanager
from functools import partial

import pytest

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import deployment, service
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e
URL = "/cgi-bin/index.cgi"


@contextmanager
def of_family(family, folder, hello):
    command = Podo(f"e2e-{family}{os.getpid()}", folder)
    with cluster(command, "--nodes", "2", "--ip-family", family):
        command("build", "-t", "hello:v1", str(hello))
        yield command, Kubectl(command.state / "kubeconfig", folder)


def versions(addresses):
    return [6 if ":" in each else 4 for each in addresses]


def answers(address, *entering):
    """Whether the application does: to the host, or to whoever is entered."""
    host = f"[{address}]" if ":" in address else address
    command = [*entering, "curl", "-sS", "-m", "2", f"http://{host}{URL}"]
    return "hello v1" in subprocess.run(command, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("family", "wanted"), [("dual", [4, 6]), ("ipv6", [6])])
def test_nodes_pods_and_services_have_addresses_of_the_families_and_answer_there(tmp_path, hello, family, wanted):
    with of_family(family, tmp_path, hello) as (podo, kubectl):
        more = {"type": "LoadBalancer", "ipFamilyPolicy": "PreferDualStack"}
        kubectl.apply(deployment("web", replicas=2), service("web", **more))
        kubectl.rolled_out("deployment/web")
        for node in kubectl.get("nodes"):
            internal = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
            assert versions(internal) == versions(node["spec"]["podCIDRs"]) == wanted
        pods = [[each["ip"] for each in pod["status"]["podIPs"]] for pod in kubectl.pods()]
        assert [versions(each) for each in pods] == [wanted, wanted]
        kubectl.wait("jsonpath={.status.loadBalancer.ingress[0].ip}", "service/web")
        found = kubectl.get("service", "web")
        outside = [each["ip"] for each in found["status"]["loadBalancer"]["ingress"]]
        assert versions(found["spec"]["clusterIPs"]) == versions(outside) == wanted
        enter = ("nsenter", f"--net=/run/podo/{podo.name}/netns/node-2")
        for address in (*found["spec"]["clusterIPs"], *outside):
            until(f"{address} answers to the host", partial(answers, address), 10)
            until(f"{address} answers to a node", partial(answers, address, *enter), 10)
        told = kubectl("exec", "deploy/web", "--", "nslookup", "web.default.svc.cluster.local")
        assert all(address in told for address in found["spec"]["clusterIPs"])
        assert f"is {family} and stays so" in podo.refusal("up", "--nodes", "3", "--ip-family", "ipv4")
