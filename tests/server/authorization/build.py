"""Roles, bindings, users and attempts."""

from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.rbac_v1 import ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject
from podo.server.authorization.base import Attempt
from podo.server.context import User

GROUP = "rbac.authorization.k8s.io"


def rule(verbs, resources, *, groups=("",), names=()):
    return PolicyRule(
        verbs=tuple(verbs), resources=tuple(resources), api_groups=tuple(groups), resource_names=tuple(names)
    )


def paths(verbs, *urls):
    return PolicyRule(verbs=tuple(verbs), non_resource_urls=urls)


def role(name, *rules, namespace="ns"):
    return Role(metadata=ObjectMeta(name=name, namespace=namespace), rules=rules)


def cluster_role(name, *rules):
    return ClusterRole(metadata=ObjectMeta(name=name), rules=rules)


def subject(kind, name, namespace=""):
    group = "" if kind == "ServiceAccount" else GROUP
    return Subject(kind=kind, name=name, namespace=namespace, api_group=group)


def binding(name, role, *subjects, namespace="ns", kind="Role"):
    ref = RoleRef(api_group=GROUP, kind=kind, name=role)
    return RoleBinding(metadata=ObjectMeta(name=name, namespace=namespace), role_ref=ref, subjects=subjects)


def cluster_binding(name, role, *subjects):
    ref = RoleRef(api_group=GROUP, kind="ClusterRole", name=role)
    return ClusterRoleBinding(metadata=ObjectMeta(name=name), role_ref=ref, subjects=subjects)


def user(name, *groups, **extra):
    return User(name, groups=(*groups, "system:authenticated"), extra=extra)


def node(name):
    return user(f"system:node:{name}", "system:nodes")


def attempt(who, verb, resource, *, namespace="", name="", group="", subresource="", fields=""):
    return Attempt(who, verb, group, "v1", resource, subresource, namespace, name, field_selector=fields)


def on_path(who, verb, path):
    return Attempt(who, verb, path=path)
