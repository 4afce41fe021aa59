"""Metrics in the text form of Prometheus."""

from podo.server.counting import Counter, Gauge, Histogram, growing


def text(metric):
    return "".join(metric.lines())


def test_a_counter_has_a_line_for_each_set_of_labels():
    counter = Counter("things_total", "Things.", "kind", "size")
    counter.add("a", "big")
    counter.add("a", "big")
    counter.add('b"\\', "small\n")
    assert text(counter) == (
        "# HELP things_total Things.\n# TYPE things_total counter\n"
        'things_total{kind="a",size="big"} 2\n'
        'things_total{kind="b\\"\\\\",size="small\\n"} 1\n'
    )


def test_a_counter_without_labels_is_there_from_the_start():
    assert text(Counter("all_total", "All.")).endswith("\nall_total 0\n")


def test_a_gauge_says_what_is_now():
    found = {("a",): 1.0}
    gauge = Gauge("up", "Up.", ("name",), lambda: found)
    assert text(gauge).endswith('up{name="a"} 1\n')
    found["b",] = 0.5
    assert text(gauge).endswith('up{name="b"} 0.5\n')


def test_the_buckets_of_a_histogram_add_up():
    histogram = Histogram("times_seconds", "Times.", (0.1, 1.0), "kind")
    for seconds in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(seconds, "a")
    assert text(histogram).splitlines()[2:] == [
        'times_seconds_bucket{kind="a",le="0.1"} 2',
        'times_seconds_bucket{kind="a",le="1"} 3',
        'times_seconds_bucket{kind="a",le="+Inf"} 4',
        'times_seconds_sum{kind="a"} 7.65',
        'times_seconds_count{kind="a"} 4',
    ]
    assert histogram.count("a") == 4
    assert histogram.count("b") == 0


def test_a_histogram_without_labels_is_there_from_the_start():
    assert text(Histogram("times_seconds", "Times.", (1.0,))).splitlines()[2:] == [
        'times_seconds_bucket{le="1"} 0', 'times_seconds_bucket{le="+Inf"} 0', "times_seconds_sum 0",
        "times_seconds_count 0",
    ]  # fmt: skip


def test_bounds_grow_by_a_factor():
    assert growing(1, 10, 3) == (1, 10, 100)


def test_who_adds_again_and_again_keeps_the_row():
    histogram = Histogram("times_seconds", "Times.", (0.1, 1.0), "kind")
    row = histogram.row("a")
    for seconds in (0.05, 0.5):
        histogram.put(row, seconds)
    assert histogram.row("a") is row
    assert histogram.counts() == {("a",): 2}
