"""What paths mean."""

import pytest

from podo.server.http.request_info import RequestInfo, request_info


@pytest.mark.parametrize(
    ("method", "path", "verb", "rest"),
    [
        ("GET", "/api/v1/pods", "get", {"version": "v1", "resource": "pods"}),
        ("POST", "/api/v1/namespaces/a/pods", "create", {"version": "v1", "resource": "pods", "namespace": "a"}),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/d/status",
            "patch",
            {"group": "apps", "version": "v1", "namespace": "a", "resource": "deployments", "name": "d"}
            | {"subresource": "status"},
        ),
        ("GET", "/api/v1/namespaces", "get", {"version": "v1", "resource": "namespaces"}),
        (
            "DELETE",
            "/api/v1/namespaces/a",
            "delete",
            {"version": "v1", "resource": "namespaces", "namespace": "a", "name": "a"},
        ),
        (
            "PUT",
            "/api/v1/namespaces/a/finalize",
            "update",
            {"version": "v1", "resource": "namespaces", "namespace": "a", "name": "a", "subresource": "finalize"},
        ),
        (
            "GET",
            "/api/v1/namespaces/a/pods/p/proxy/x/y",
            "get",
            {"version": "v1", "namespace": "a", "resource": "pods", "name": "p", "subresource": "proxy", "rest": "x/y"},
        ),
        (
            "GET",
            "/api/v1/watch/namespaces/a/pods",
            "get",
            {"version": "v1", "namespace": "a", "resource": "pods", "deprecated_watch": True},
        ),
    ],
)
def test_paths_of_resources(method, path, verb, rest):
    assert request_info(method, path) == RequestInfo(verb, path, **rest)


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version"]
)
def test_other_paths_are_no_resources(path):
    info = request_info("GET", path)
    assert (info.is_resource, info.verb) == (False, "get")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "FOO"])
def test_other_methods_are_no_verbs(method):
    assert request_info(method, "/api/v1/pods").verb == method.lower()
