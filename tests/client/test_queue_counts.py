"""What work queues report."""

from podo.client.queue_counts import QueueCounts


def test_a_queue_is_counted_under_its_name():
    counts = QueueCounts()
    queue = counts.of("job")
    queue.added(1)
    queue.added(2)
    queue.started(1, 0.05)
    queue.finished(2.0)
    queue.retried()
    shown = "".join(counts.lines())
    assert 'workqueue_depth{name="job"} 1\n' in shown
    assert 'workqueue_adds_total{name="job"} 2\n' in shown
    assert 'workqueue_retries_total{name="job"} 1\n' in shown
    assert 'workqueue_queue_duration_seconds_bucket{name="job",le="0.1"} 1\n' in shown
    assert 'workqueue_work_duration_seconds_bucket{name="job",le="1"} 0\n' in shown
    assert 'workqueue_work_duration_seconds_sum{name="job"} 2.0\n' in shown


def test_a_queue_has_one_count():
    counts = QueueCounts()
    assert counts.of("job") is counts.of("job")
    assert counts.of("job") is not counts.of("other")
