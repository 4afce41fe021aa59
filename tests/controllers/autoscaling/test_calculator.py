from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Container, PodCondition, ResourceRequirements
from podo.controllers.autoscaling import calculator
from podo.controllers.autoscaling.calculator import Called, Tolerances
from podo.controllers.autoscaling.metrics import MetricsFailure, PodMetric
from tests.build import pod

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
USUAL = Tolerances()


def worker(name, *, ready=True, phase="Running", request="1", started=LONG_AGO, changed=LONG_AGO, leaving=False):
    """A Pod that requests CPU."""
    made = pod(name, phase=phase, deletion_timestamp=format_time(NOW) if leaving else "")
    condition = PodCondition(type="Ready", status=str(ready), last_transition_time=format_time(changed))
    status = msgspec.structs.replace(made.status, conditions=(condition,), start_time=format_time(started))
    container = Container(name="c", resources=ResourceRequirements(requests={"cpu": request, "memory": "1Gi"}))
    spec = msgspec.structs.replace(made.spec, containers=(container,))
    return msgspec.structs.replace(made, spec=spec, status=status)


def workers(count, **how):
    return [worker(f"p{n}", **how) for n in range(count)]


def figures(*values, at=NOW, window=60.0):
    return {f"p{n}": PodMetric(value, at, window) for n, value in enumerate(values) if value is not None}


def utilization(pods, metrics, *, target=50, current=None, resource="cpu", tolerances=USUAL):
    count = len(pods) if current is None else current
    return calculator.by_utilization(count, target, resource, "", pods, metrics, tolerances, NOW)


@pytest.mark.parametrize(
    ("values", "replicas", "percent"),
    [
        pytest.param((500, 500, 500), 3, 50, id="as wanted"),
        pytest.param((540, 540, 540), 3, 54, id="within the tolerance"),
        pytest.param((1000, 1000, 1000), 6, 100, id="twice as much"),
        pytest.param((200, 200, 200), 2, 20, id="less, rounded up"),
        pytest.param((0, 0, 0), 0, 0, id="nothing"),
    ],
)
def test_replicas_follow_utilization(values, replicas, percent):
    assert utilization(workers(3), figures(*values)) == Called(replicas, sum(values) // 3, percent)


def test_tolerances_differ_by_direction():
    own = Tolerances(down=0.0, up=0.5)
    assert utilization(workers(4), figures(*[700] * 4), tolerances=own).replicas == 4
    assert utilization(workers(4), figures(*[360] * 4), tolerances=own).replicas == 3


def test_pods_without_figures_damp_growth():
    """They count as idle: (1000 + 1000 + 0) of 3000 is 66 %, of 50 % that is 1.32, of three Pods 4."""
    assert utilization(workers(3), figures(1000, 1000)).replicas == 4


def test_pods_without_figures_damp_shrinking():
    """They count as busy to their requests."""
    assert utilization(workers(3), figures(100, 100), target=100).replicas == 2
    assert utilization(workers(3), figures(100, 100), target=40).replicas == 3


def test_pods_that_are_not_ready_damp_growth_only():
    pods = [*workers(2), worker("p2", ready=False, started=NOW)]
    assert utilization(pods, figures(1000, 1000, 1000), current=3).replicas == 4
    assert utilization(pods, figures(100, 100, 900), current=3).replicas == 1


def test_where_damping_turns_the_direction_nothing_changes():
    pods = [*workers(1), *(worker(f"p{n}", ready=False, started=NOW) for n in (1, 2))]
    assert utilization(pods, figures(600, 0, 0), current=3).replicas == 3


@pytest.mark.parametrize(
    ("pod_", "counts"),
    [
        pytest.param(worker("p0"), True, id="ready for long"),
        pytest.param(worker("p0", phase="Pending"), False, id="pending"),
        pytest.param(worker("p0", started=NOW - timedelta(minutes=2), ready=False), False, id="starting"),
        pytest.param(
            worker("p0", started=NOW - timedelta(minutes=2), changed=NOW - timedelta(seconds=90)),
            True,
            id="ready for a window",
        ),
        pytest.param(
            worker("p0", started=NOW - timedelta(minutes=2), changed=NOW - timedelta(seconds=30)),
            False,
            id="figures from before it was ready",
        ),
        pytest.param(worker("p0", ready=False, changed=LONG_AGO), False, id="never was ready"),
        pytest.param(worker("p0", ready=False, changed=NOW), True, id="was ready once"),
    ],
)
def test_whose_cpu_counts(pod_, counts):
    found = calculator.grouped([pod_], figures(1), "cpu", NOW)
    assert (found.ready == 1) is counts
    assert bool(found.unready) is not counts


def test_pods_on_their_way_out_or_failed_are_left_out():
    pods = [*workers(1), worker("p1", leaving=True), worker("p2", phase="Failed")]
    assert calculator.grouped(pods, figures(1, 1, 1), "cpu", NOW).ignored == {"p1", "p2"}
    assert utilization(pods, figures(1000, 0, 0), current=1).replicas == 2


def test_memory_does_not_ask_whether_a_pod_is_ready():
    pods = workers(2, ready=False, started=NOW)
    assert utilization(pods, figures(2**30 * 1000, 2**30 * 1000), resource="memory").replicas == 4


@pytest.mark.parametrize(
    ("pods", "metrics", "message"),
    [
        ([], figures(1), "no pods returned by selector while calculating replica count"),
        (workers(1, phase="Pending"), figures(1), "did not receive metrics for targeted pods (pods might be unready)"),
        ([pod("p0", ready=True, status={"start_time": "2026-01-01T00:00:00Z"})], figures(1),
         "missing request for cpu in container c of Pod p0"),
    ],
)  # fmt: skip
def test_what_cannot_be_calculated_is_said(pods, metrics, message):
    with pytest.raises(MetricsFailure) as caught:
        utilization(pods, metrics)
    assert str(caught.value) == message


def test_one_container_of_several():
    made = worker("p0")
    two = (*made.spec.containers, Container(name="side", resources=ResourceRequirements(requests={"cpu": "3"})))
    both = msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, containers=two))
    assert calculator.request_of(both, "cpu", "") == 4000
    assert calculator.request_of(both, "cpu", "side") == 3000
    with pytest.raises(MetricsFailure, match="container none not found in Pod p0"):
        calculator.request_of(both, "cpu", "none")


def average(values, *, target=100, pods=None, current=3):
    return calculator.by_average(current, target, "", pods or workers(3), figures(*values), USUAL, NOW)


def test_replicas_follow_an_average():
    assert average((100, 200, 300)) == Called(6, 200)
    assert average((10, 20, 30)) == Called(1, 20)
    assert average((100, 105, 110)) == Called(3, 105)
    assert average((200, 200)).replicas == 4, "one without figures counts as nothing"


def test_replicas_follow_a_value_of_something_else():
    assert calculator.by_value(3, 400, 200, workers(3), USUAL) == Called(6, 400)
    assert calculator.by_value(3, 205, 200, workers(3), USUAL) == Called(3, 205)
    assert calculator.by_value(0, 401, 200, [], USUAL) == Called(3, 401), "from nothing"
    assert calculator.by_value(4, 400, 200, [*workers(2), worker("p2", ready=False)], USUAL).replicas == 4
    with pytest.raises(MetricsFailure, match="unable to calculate ready pods"):
        calculator.by_value(1, 400, 200, [], USUAL)


def test_replicas_follow_a_value_that_is_shared():
    assert calculator.by_share(3, 1000, 100, USUAL) == Called(10, 334)
    assert calculator.by_share(3, 310, 100, USUAL) == Called(3, 104)
    assert calculator.by_share(0, 310, 100, USUAL) == Called(4, 310)
