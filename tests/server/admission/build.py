"""Objects with good defaults for tests of admission."""

from podo.api.types.core_v1 import Container, Namespace, Pod, PodSpec, ResourceRequirements
from podo.api.types.meta_v1 import ObjectMeta


def meta(name="o", namespace="default", **more):
    return ObjectMeta(name=name, namespace=namespace, **more)


def namespace(name, **labels):
    return Namespace(metadata=ObjectMeta(name=name, labels=labels))


def container(name="c", *, requests=None, limits=None, **more):
    resources = ResourceRequirements(requests=requests or {}, limits=limits or {})
    return Container(name=name, image="i:1", resources=resources, **more)


def pod(name="p", *, containers=None, metadata=None, **spec):
    return Pod(metadata=metadata or meta(name), spec=PodSpec(containers=containers or (container(),), **spec))
