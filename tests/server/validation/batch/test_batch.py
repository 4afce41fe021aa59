"""Jobs and CronJobs."""

from copy import deepcopy

import pytest

from ..build import built, complaints, update_complaints

POD = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": POD}


def job(**spec):
    base = {"template": TEMPLATE, "selector": {"matchLabels": {"a": "b"}}, "manualSelector": True}
    return built("batch/v1", "Job", spec=base | spec)


def cron_job(**spec):
    job_template = {"spec": {"template": TEMPLATE}}
    return built("batch/v1", "CronJob", spec={"schedule": "* * * * *", "jobTemplate": job_template, **spec})


def rule(**fields):
    return {"podFailurePolicy": {"rules": [fields]}}


def test_plain_ones_are_good():
    assert complaints(job()) == []
    assert complaints(cron_job()) == []


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"parallelism": -1}, "spec.parallelism"),
        ({"completions": -1}, "spec.completions"),
        ({"completionMode": "Indexed", "parallelism": 2}, "spec.completions"),
        ({"completionMode": "X"}, "spec.completionMode"),
        ({"backoffLimitPerIndex": 1}, "spec.backoffLimitPerIndex"),
        ({"managedBy": "x"}, "spec.managedBy"),
        ({"template": {**TEMPLATE, "spec": {**POD, "restartPolicy": "Always"}}}, "spec.template.spec.restartPolicy"),
        ({"podReplacementPolicy": "X"}, "spec.podReplacementPolicy"),
        (rule(action="X"), "spec.podFailurePolicy.rules[0].action"),
        (rule(action="Ignore"), "spec.podFailurePolicy.rules[0]"),
        (
            rule(action="Ignore", onExitCodes={"operator": "In", "values": [0]}),
            "spec.podFailurePolicy.rules[0].onExitCodes.values[0]",
        ),
        (
            {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededIndexes": "5"}]}},
            "spec.successPolicy.rules[0].succeededIndexes",
        ),
    ],
)
def test_bad_jobs_are_reported_where_they_are_bad(spec, path):
    assert any(text.startswith(f"{path}: ") for text in complaints(job(**spec)))


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"schedule": ""}, "spec.schedule"),
        ({"schedule": "x"}, "spec.schedule"),
        ({"schedule": "TZ=UTC * * * * *"}, "spec.schedule"),
        ({"timeZone": "Nowhere"}, "spec.timeZone"),
        ({"timeZone": "Local"}, "spec.timeZone"),
        ({"concurrencyPolicy": "X"}, "spec.concurrencyPolicy"),
        ({"startingDeadlineSeconds": -1}, "spec.startingDeadlineSeconds"),
        ({"jobTemplate": {"spec": {"template": TEMPLATE, "manualSelector": True}}}, "spec.jobTemplate.spec.manualSele"),
    ],
)
def test_bad_cron_jobs_too(spec, path):
    assert any(text.startswith(path) for text in complaints(cron_job(**spec)))


def test_the_template_of_a_job_stays():
    old = job()
    new = deepcopy(old)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "j"
    assert any(text.startswith("spec.template: Invalid value") for text in update_complaints(new, old))


def test_a_finished_job_stays_finished():
    old = job()
    old["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    new = deepcopy(old)
    new["status"] = {}
    assert any("status.conditions" in text for text in update_complaints(new, old, "status"))
