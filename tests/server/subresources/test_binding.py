"""A Pod is given to a node."""

import pytest

from podo.api.errors import APIError, Conflict, NotFound
from podo.server.subresources.binding import BindingQuestions


def binding(name="x", node="n1", **meta):
    return {"metadata": {"name": name, **meta}, "target": {"kind": "Node", "name": node}}


async def bind(lab, **given):
    return await lab.bindings.create(lab.ctx("binding"), lab.target(lab.pods), binding(**given))


async def test_a_bound_pod_has_a_node_and_is_scheduled(lab):
    made = await lab.pod()
    assert (await bind(lab, annotations={"a": "b"}))["status"] == "Success"
    pod = await lab.get(lab.pods)
    assert pod["spec"]["nodeName"] == "n1"
    assert pod["metadata"]["annotations"] == {"a": "b"}
    assert pod["metadata"]["generation"] == made["metadata"]["generation"]
    assert [(c["type"], c["status"]) for c in pod["status"]["conditions"]] == [("PodScheduled", "True")]


async def test_a_pod_is_bound_once(lab):
    await lab.pod()
    await bind(lab)
    with pytest.raises(Conflict, match='pod x is already assigned to node "n1"'):
        await bind(lab, node="n2")


async def test_a_pod_that_is_not_there_or_another_is_not_bound(lab):
    with pytest.raises(NotFound):
        await bind(lab)
    await lab.pod()
    with pytest.raises(Conflict, match="UID in precondition: other"):
        await bind(lab, uid="other")


async def test_a_gated_pod_is_not_bound(lab):
    await lab.pod(schedulingGates=[{"name": "a.b/c"}])
    with pytest.raises(Conflict, match=r"has non-empty \.spec\.schedulingGates"):
        await bind(lab)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ({"kind": "Node"}, "target.name: Required value"),
        ({"kind": "Foo", "name": "n"}, "target.kind: Unsupported value"),
    ],
)
async def test_a_binding_to_what_is_no_node_is_refused(lab, target, complaint):
    await lab.pod()
    with pytest.raises(APIError, match=complaint):
        await lab.bindings.create(lab.ctx("binding"), lab.target(lab.pods), binding() | {"target": target})


async def test_a_binding_can_be_posted_by_itself(lab):
    await lab.pod()
    questions = BindingQuestions(lab.bindings, lab.pods)
    await questions.ask(lab.ctx(), lab.kind("", "bindings"), binding())
    assert (await lab.get(lab.pods))["spec"]["nodeName"] == "n1"
