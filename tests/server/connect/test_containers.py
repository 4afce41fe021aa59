import pytest

from podo.api.errors import BadRequest
from podo.server.connect.containers import container_for_exec, container_for_log, log_errors, node_of


def pod(*containers: str, phase: str = "Running", init=(), annotations=None, node: str = "n"):
    spec = {"containers": [{"name": c} for c in containers], "initContainers": [{"name": c} for c in init]}
    meta = {"name": "p", "annotations": annotations or {}}
    return {"metadata": meta, "spec": spec | {"nodeName": node}, "status": {"phase": phase}}


def test_the_only_container_needs_no_name():
    assert container_for_log(pod("a"), "") == container_for_exec(pod("a"), "") == "a"
    assert container_for_log(pod("a", init=["i"]), "") == container_for_exec(pod("a", init=["i"]), "") == "a"


def test_of_several_one_must_be_named():
    with pytest.raises(BadRequest, match=r"for pod p, choose one of: \[i a b\]"):
        container_for_log(pod("a", "b", init=["i"]), "")
    assert container_for_log(pod("a", "b"), "b") == "b"


def test_an_annotation_names_the_usual_one():
    chosen = pod("a", "b", annotations={"kubectl.kubernetes.io/default-container": "b"})
    assert container_for_exec(chosen, "") == "b"


def test_an_unknown_container_is_refused():
    with pytest.raises(BadRequest, match="container x is not valid for pod p"):
        container_for_log(pod("a"), "x")


def test_nothing_runs_in_a_completed_pod():
    with pytest.raises(BadRequest, match="completed pod; current phase is Succeeded"):
        container_for_exec(pod("a", phase="Succeeded"), "")
    assert container_for_log(pod("a", phase="Succeeded"), "") == "a"


def test_a_pod_without_a_node_cannot_be_reached():
    with pytest.raises(BadRequest, match="pod p does not have a host assigned"):
        node_of(pod("a", node=""))


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"tailLines": "5", "limitBytes": "1", "sinceSeconds": "1"}, []),
        ({"tailLines": "-1"}, ["tailLines"]),
        ({"limitBytes": "0"}, ["limitBytes"]),
        ({"sinceSeconds": "x"}, ["sinceSeconds"]),
        ({"sinceSeconds": "1", "sinceTime": "2026-01-01T00:00:00Z"}, [""]),
        ({"stream": "Both"}, ["stream"]),
    ],
)
def test_the_options_of_a_log(query, fields):
    assert [e.field for e in log_errors(query)] == fields
