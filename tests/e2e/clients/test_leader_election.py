"""A controller of two replicas, one of which leads: the election of the official Python client, over a Lease."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.manifests import config_map

pytestmark = pytest.mark.e2e
CONTROLLER = Path(__file__).with_name("elected.py")


@pytest.fixture
def replicas(kubectl):
    """Both replicas by name; the first has begun to lead before the second was started."""
    kubectl.apply(config_map("work", by="nobody"))

    def command(name):
        return [sys.executable, str(CONTROLLER), kubectl.namespace, name]

    with ExitStack() as stack:
        first = stack.enter_context(processes.started(command("first"), kubectl.environment))
        first.expect("^first leads$")
        second = stack.enter_context(processes.started(command("second"), kubectl.environment))
        yield {"first": first, "second": second}


def by(kubectl, name):
    kubectl.wait(f"jsonpath={{.data.by}}={name}", "configmap/work")


def test_the_other_takes_over_when_the_leader_is_killed(kubectl, replicas):
    by(kubectl, "first")
    lease = kubectl.get("lease", "controller")["spec"]
    assert (lease["holderIdentity"], lease["leaseDurationSeconds"]) == ("first", 4)
    replicas["first"].process.kill()
    replicas["second"].expect("^second leads$")
    by(kubectl, "second")
    after = kubectl.get("lease", "controller")["spec"]
    assert after["holderIdentity"] == "second"
    assert after["acquireTime"] > lease["acquireTime"]


def test_a_leader_that_cannot_renew_its_lease_leads_no_more(kubectl, replicas):
    by(kubectl, "first")
    kubectl("patch", "lease", "controller", "--type=merge", '-p={"spec":{"holderIdentity":"somebody-else"}}')
    replicas["first"].expect("^first leads no more$")
    assert replicas["first"].end() == 0
    replicas["second"].expect("^second leads$")  # once the lease of somebody else has run out
    by(kubectl, "second")
