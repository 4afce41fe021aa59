"""A Pod is asked to go, and its budget is heeded."""

import pytest

from podo.api.errors import APIError, BadRequest, Conflict, Forbidden, NotFound, TooManyRequests
from podo.server.subresources.eviction import spend

READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
LABELS = {"metadata": {"labels": {"app": "a"}}}


async def evict(lab, name="x", **more):
    obj = {"metadata": {"name": name}, **more}
    return await lab.evictions.create(lab.ctx("eviction"), lab.target(lab.pods), obj)


async def budget(lab, name="b", **status):
    spec = {"selector": {"matchLabels": {"app": "a"}}, "minAvailable": 1}
    await lab.create(lab.budgets, name, spec=spec)
    counts = {"currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1, "disruptionsAllowed": 0}
    await lab.status(lab.budgets, name, counts | {"observedGeneration": 1} | status)


async def gone(lab):
    with pytest.raises(NotFound):
        await lab.get(lab.pods)
    return True


async def test_a_pod_without_a_budget_goes(lab):
    await lab.pod(status=READY, **LABELS)
    assert (await evict(lab))["status"] == "Success"
    assert await gone(lab)


async def test_a_pod_that_has_grace_says_why_it_goes(lab):
    await lab.pod(status=READY, nodeName="n1", **LABELS)
    await evict(lab)
    pod = await lab.get(lab.pods)
    assert pod["metadata"]["deletionTimestamp"]
    assert ("DisruptionTarget", "EvictionByEvictionAPI") in [
        (c["type"], c.get("reason")) for c in pod["status"]["conditions"]
    ]


async def test_a_budget_that_allows_none_keeps_the_pod(lab):
    await lab.pod(status=READY, **LABELS)
    await budget(lab)
    with pytest.raises(TooManyRequests, match="would violate the pod's disruption budget") as caught:
        await evict(lab)
    assert caught.value.details["causes"][0]["message"] == (
        "The disruption budget b needs 1 healthy pods and has 1 currently"
    )
    assert await lab.get(lab.pods)


async def test_a_budget_is_spent(lab):
    await lab.pod(status=READY, **LABELS)
    await budget(lab, disruptionsAllowed=1)
    await evict(lab)
    status = (await lab.get(lab.budgets, "b"))["status"]
    assert status["disruptionsAllowed"] == 0
    assert list(status["disruptedPods"]) == ["x"]
    assert await gone(lab)


async def test_a_dry_run_spends_and_deletes_nothing(lab):
    await lab.pod(status=READY, **LABELS)
    await budget(lab, disruptionsAllowed=1)
    await evict(lab, deleteOptions={"dryRun": ["All"]})
    assert (await lab.get(lab.budgets, "b"))["status"]["disruptionsAllowed"] == 1
    assert await lab.get(lab.pods)


async def test_an_unready_pod_may_go_while_enough_others_are_healthy(lab):
    await lab.pod(status={"phase": "Running"}, **LABELS)
    await budget(lab)
    await evict(lab)
    assert await gone(lab)


async def test_an_unready_pod_is_kept_while_others_are_missing(lab):
    await lab.pod(status={"phase": "Running"}, **LABELS)
    await budget(lab, currentHealthy=0)
    with pytest.raises(TooManyRequests):
        await evict(lab)


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
async def test_a_pod_that_does_not_serve_needs_no_budget(lab, phase):
    await lab.pod(status={"phase": phase}, **LABELS)
    await budget(lab)
    await evict(lab)
    assert await gone(lab)


async def test_two_budgets_are_one_too_many(lab):
    await lab.pod(status=READY, **LABELS)
    await budget(lab, "b")
    await budget(lab, "c")
    with pytest.raises(APIError, match="more than one PodDisruptionBudget"):
        await evict(lab)


async def test_a_budget_that_is_not_worked_out_yet_makes_clients_wait(lab):
    await lab.pod(status=READY, **LABELS)
    await budget(lab, observedGeneration=0, disruptionsAllowed=1)
    with pytest.raises(TooManyRequests) as caught:
        await evict(lab)
    assert caught.value.details["retryAfterSeconds"] == 10


async def test_preconditions_hold_for_evictions_too(lab):
    await lab.pod(status=READY, **LABELS)
    with pytest.raises(Conflict, match="does not match the UID in record"):
        await evict(lab, deleteOptions={"preconditions": {"uid": "other"}})


async def test_the_name_must_be_that_of_the_path(lab):
    await lab.pod()
    with pytest.raises(BadRequest, match="name in URL does not match name in Eviction object"):
        await evict(lab, "other")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        pytest.param({"reason": "SyncFailed", "message": "why"}, "because it failed sync: why", id="sync failed"),
        pytest.param({"reason": "Other", "message": "why"}, "currently (Other): why", id="another reason"),
        pytest.param({"reason": "Other", "message": ""}, "does not allow evicting pods currently", id="no reason"),
    ],
)
def test_a_budget_says_why_it_allows_none(condition, message):
    known = [{"type": "DisruptionAllowed", "status": "False", **condition}]
    given = {"metadata": {"name": "b"}, "status": {"conditions": known, "currentHealthy": 3, "desiredHealthy": 1}}
    with pytest.raises(TooManyRequests) as caught:
        spend(given, "x", "now")
    assert message in caught.value.details["causes"][0]["message"]


@pytest.mark.parametrize(
    "status",
    [{"disruptionsAllowed": -1}, {"disruptionsAllowed": 1, "disruptedPods": dict.fromkeys(map(str, range(3000)))}],
)
def test_a_budget_that_makes_no_sense_forbids(status):
    with pytest.raises(Forbidden):
        spend({"metadata": {"name": "b"}, "status": status}, "x", "now")
