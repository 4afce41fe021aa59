import msgspec
import pytest

from podo.api.quota.charge import Refused, Request, charge
from podo.api.quota.evaluators import Counts
from podo.api.quota.pods import Pods
from podo.api.quota.services import Services
from podo.api.types.core_v1 import (
    Affinity,
    PodAffinity,
    PodAffinityTerm,
    ResourceRequirements,
    Service,
    ServicePort,
    ServiceSpec,
)
from tests.api.quota.build import NOW, container, pod, quota


def request(obj, old=None, evaluator=None):
    return Request(evaluator or Pods(), obj, old, NOW)


def used(charged):
    return [(q.metadata.name, q.status.used) for q in charged]


def test_what_is_made_is_charged_to_each_quota_that_limits_it():
    quotas = [quota("a", {"pods": "2"}, {"pods": "1"}), quota("b", {"cpu": "2"}), quota("c", {"configmaps": "1"})]
    assert used(charge(quotas, request(pod("p", container(requests={"cpu": "500m"}))))) == [
        ("a", {"pods": "2"}),
        ("b", {"cpu": "500m"}),
    ]


def test_what_is_above_a_limit_is_refused_with_all_figures():
    limits = quota("compute", {"pods": "4", "requests.cpu": "1", "requests.memory": "1Gi"}, {"requests.cpu": "750m"})
    asks = pod("p", container(requests={"cpu": "500m", "memory": "2Gi"}))
    with pytest.raises(Refused) as caught:
        charge([limits], request(asks))
    assert str(caught.value) == (
        "exceeded quota: compute, requested: requests.cpu=500m,requests.memory=2Gi, "
        "used: requests.cpu=750m,requests.memory=0, limited: requests.cpu=1,requests.memory=1Gi"
    )


def test_containers_must_say_what_is_limited():
    limits = quota("compute", {"requests.cpu": "1", "limits.memory": "1Gi"})
    asks = pod("p", container("b"), container("a", requests={"cpu": "1"}))
    with pytest.raises(Refused) as caught:
        charge([limits], request(asks))
    assert str(caught.value) == "failed quota: compute: must specify limits.memory for: a,b; requests.cpu for: b"


def test_a_pod_that_says_it_as_a_whole_need_not_say_it_in_containers():
    limits = quota("compute", {"requests.cpu": "1"})
    whole = pod("p", container(), resources=ResourceRequirements(requests={"cpu": "1"}))
    assert used(charge([limits], request(whole))) == [("compute", {"requests.cpu": "1"})]


def test_until_a_quota_has_been_counted_nothing_is_admitted():
    new = quota("new", {"pods": "1"})
    unknown = msgspec.structs.replace(new, status=msgspec.structs.replace(new.status, used={}))
    with pytest.raises(Refused, match="status unknown for quota: new, resources: pods"):
        charge([unknown], request(pod()))


def across(**how):
    term = PodAffinityTerm(topology_key="zone", **how)
    return Affinity(pod_affinity=PodAffinity(required_during_scheduling_ignored_during_execution=(term,)))


@pytest.mark.parametrize(
    ("scope", "obj", "counts"),
    [
        ({"scopes": ("Terminating",)}, pod(active_deadline_seconds=0), True),
        ({"scopes": ("Terminating",)}, pod(), False),
        ({"scopes": ("NotTerminating",)}, pod(), True),
        ({"scopes": ("BestEffort",)}, pod(qos="BestEffort"), True),
        ({"scopes": ("NotBestEffort",)}, pod(qos="BestEffort"), False),
        ({"scopes": ("NotBestEffort", "NotTerminating")}, pod(), True),
        ({"selector": (("PriorityClass", "In", ("high",)),)}, pod(priority_class_name="high"), True),
        ({"selector": (("PriorityClass", "In", ("high",)),)}, pod(), False),
        ({"selector": (("PriorityClass", "NotIn", ("high",)),)}, pod(), True),
        ({"selector": (("PriorityClass", "NotIn", ("high",)),)}, pod(priority_class_name="high"), False),
        ({"selector": (("PriorityClass", "Exists", ()),)}, pod(priority_class_name="low"), True),
        ({"selector": (("PriorityClass", "DoesNotExist", ()),)}, pod(priority_class_name="low"), False),
        ({"scopes": ("CrossNamespacePodAffinity",)}, pod(affinity=across(namespaces=("other",))), True),
        ({"scopes": ("CrossNamespacePodAffinity",)}, pod(affinity=across()), False),
    ],
)
def test_scopes(scope, obj, counts):
    assert bool(charge([quota("q", {"pods": "5"}, **scope)], request(obj))) is counts


def service(type):
    return Service(spec=ServiceSpec(type=type, ports=(ServicePort(port=80),)))


def test_a_change_is_charged_with_what_it_adds():
    limits = quota("s", {"services": "1", "services.nodeports": "1"}, {"services": "1"})
    found = charge([limits], request(service("NodePort"), service("ClusterIP"), Services()))
    assert used(found) == [("s", {"services": "1", "services.nodeports": "1"})]


def test_a_change_that_frees_is_left_to_be_counted_later():
    full = {"services": "1", "services.nodeports": "1"}
    assert not charge([quota("s", full, full)], request(service("ClusterIP"), service("NodePort"), Services()))


def test_an_object_that_moves_into_a_scope_is_charged_whole():
    limits = quota("t", {"pods": "1"}, scopes=("Terminating",))
    assert used(charge([limits], request(pod(active_deadline_seconds=5), pod()))) == [("t", {"pods": "1"})]


def test_counted_objects_are_refused_by_number():
    limits = quota("q", {"count/jobs.batch": "1"}, {"count/jobs.batch": "1"})
    with pytest.raises(Refused) as caught:
        charge([limits], request({}, evaluator=Counts(("batch", "jobs"))))
    assert str(caught.value) == (
        "exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1"
    )
