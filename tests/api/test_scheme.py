import subprocess
import sys

import pytest

from podo.api import resources, schema, scheme
from podo.api.types.apps_v1 import Deployment
from podo.api.types.authentication_v1 import TokenRequest
from podo.api.types.core_v1 import Container, Pod, PodCondition, PodSpec
from podo.api.types.meta_v1 import ObjectMeta, Status


def test_an_object_is_the_same_after_a_round_trip():
    pod = Pod(metadata=ObjectMeta(name="a"), spec=PodSpec(containers=(Container(name="c", image="i"),)))
    assert scheme.decode(Pod, scheme.encode(pod)) == pod


def test_the_wire_form_names_kind_and_version():
    assert scheme.encode(Deployment()) == b'{"kind":"Deployment","apiVersion":"apps/v1"}'


@pytest.mark.parametrize("text", ['"lastProbeTime":null', '"lastTransitionTime":null', '"message" : null'])
def test_null_counts_as_left_out(text):
    raw = b'{"metadata":{"name":"a"},"status":{"conditions":[{"type":"Ready",%b,"status":"True"}]}}' % text.encode()
    assert scheme.decode(Pod, raw).status.conditions == (PodCondition(type="Ready", status="True"),)


def test_what_looks_like_a_null_within_a_string_stays():
    annotations = {"last-applied": '{"type":"Ready","lastProbeTime":null}'}
    pod = Pod(metadata=ObjectMeta(annotations=annotations))
    assert scheme.decode(Pod, scheme.encode(pod)).metadata.annotations == annotations


def test_a_null_beside_what_looks_like_one_within_a_string_is_left_out_alone():
    text = '{"a":1,"lastTransitionTime":null}'
    pod = scheme.encode(Pod(metadata=ObjectMeta(annotations={"last-applied": text})))
    raw = (
        pod[:-1]
        + b',"status":{"conditions":[{"lastTransitionTime":null,"type":"Ready"}],"initContainerStatuses":null}}'
    )
    found = scheme.decode(Pod, raw)
    assert found.metadata.annotations == {"last-applied": text}
    assert found.status.conditions == (PodCondition(type="Ready"),)


def test_every_resource_but_pure_requests_has_a_class_and_finds_itself_by_it():
    for resource in resources.built_in():
        cls = scheme.class_of(resource)
        assert cls is not scheme.PartialObject, resource.group_resource
        assert scheme.resource_of(cls).group_resource == resource.group_resource or resource.plural in ("events",)


def test_a_kind_that_is_only_posted_to_subresources_has_a_name_but_no_resource():
    assert scheme.name_of(TokenRequest) == ("authentication.k8s.io/v1", "TokenRequest")
    assert scheme.encode(TokenRequest()).startswith(b'{"kind":"TokenRequest"')
    with pytest.raises(LookupError):
        scheme.resource_of(TokenRequest)


def test_a_class_that_is_no_kind_has_no_resource():
    with pytest.raises(LookupError):
        scheme.resource_of(Status)


def test_every_type_that_a_field_names_exists():
    for package in schema.packages():
        for item in schema.package(package).values():
            for field in item.fields.values():
                if field.type not in schema.SCALARS | schema.FREE_FORM:
                    schema.type_of(field.type)


def test_the_generated_types_are_not_stale():
    subprocess.run([sys.executable, "tools/generate_api.py", "--check"], check=True)


def test_paths_of_namespaced_and_cluster_resources():
    pods, nodes = resources.by_path("", "v1", "pods"), resources.by_path("", "v1", "nodes")
    deployments = resources.by_path("apps", "v1", "deployments")
    assert pods.path("ns", "a", "log") == "/api/v1/namespaces/ns/pods/a/log"
    assert nodes.path("ignored", "n1") == "/api/v1/nodes/n1"
    assert deployments.path() == "/apis/apps/v1/deployments"
