"""Operations from the resource table."""

from podo.api import resources
from podo.server.openapi.operations import camel, kind_of, paths_of, tag_of

CORE = [r for r in resources.built_in() if (r.group, r.version) == ("", "v1")]
APPS = [r for r in resources.built_in() if (r.group, r.version) == ("apps", "v1")]


def methods(path):
    return sorted(operation.method for operation in path.operations)


def test_a_collection_is_listed_written_to_and_emptied_within_a_namespace_and_only_listed_over_all():
    paths = paths_of("apps", "v1", APPS)
    assert methods(paths["/apis/apps/v1/namespaces/{namespace}/deployments"]) == ["delete", "get", "post"]
    assert methods(paths["/apis/apps/v1/deployments"]) == ["get"]
    assert methods(paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]) == [
        *("delete", "get", "patch", "put")
    ]


def test_subresources_have_their_own_verbs_and_kinds():
    paths = paths_of("", "v1", CORE)
    pod = "/api/v1/namespaces/{namespace}/pods/{name}"
    assert methods(paths[f"{pod}/eviction"]) == ["post"]
    assert paths[f"{pod}/eviction"].operations[0].kind.group == "policy"
    assert methods(paths[f"{pod}/exec"]) == ["get", "post"]
    assert {operation.action for operation in paths[f"{pod}/exec"].operations} == {"connect"}
    assert methods(paths[f"{pod}/proxy/{{path}}"]) == ["delete", "get", "head", "options", "patch", "post", "put"]
    assert paths[f"{pod}/log"].operations[0].answer == ""


def test_what_is_only_created_has_no_list():
    paths = paths_of("", "v1", CORE)
    assert methods(paths["/api/v1/namespaces/{namespace}/bindings"]) == ["post"]
    assert "/api/v1/bindings" not in paths
    assert "/api/v1/watch/componentstatuses" not in paths


def test_ids_are_unique():
    for group, rows in (("", CORE), ("apps", APPS)):
        found = [operation.id for path in paths_of(group, "v1", rows).values() for operation in path.operations]
        assert len(found) == len(set(found))


def test_ids_name_action_group_scope_and_kind():
    paths = paths_of("", "v1", CORE)
    found = {operation.id for path in paths.values() for operation in path.operations}
    assert {
        "readCoreV1NamespacedPod",
        "listCoreV1PodForAllNamespaces",
        "replaceCoreV1NamespacedPodStatus",
        "deleteCoreV1CollectionNamespacedPod",
        "watchCoreV1NamespacedPodList",
        "connectCoreV1GetNamespacedPodExec",
        "createCoreV1NamespacedPodBinding",
        "readCoreV1Node",
    } <= found


def test_groups_in_ids_and_tags():
    assert camel("rbac.authorization.k8s.io") == "RbacAuthorization"
    assert tag_of("rbac.authorization.k8s.io", "v1") == "rbacAuthorization_v1"
    assert tag_of("", "v1") == "core_v1"


def test_writing_operations_take_field_validation_and_patches_take_force():
    path = paths_of("", "v1", CORE)["/api/v1/namespaces/{namespace}/pods/{name}"]
    patch = next(operation for operation in path.operations if operation.method == "patch")
    names = {parameter.name for parameter in patch.parameters}
    assert {"fieldValidation", "dryRun", "fieldManager", "force"} == names


def test_kinds_that_are_not_built_in_are_named_by_their_group():
    assert kind_of("example.com", "v1", "Foo").type == "com.example.v1.Foo"
