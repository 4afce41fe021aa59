from podo.node.measures import Measures


def lines(measures):
    return "".join(measures.lines()).splitlines()


def test_what_never_happened_is_not_told():
    assert lines(Measures()) == []


def test_counts_go_by_their_labels():
    made = Measures()
    for reason in ("OutOfcpu", "NodePorts", "OutOfcpu"):
        made.count("kubelet_admission_rejections_total", reason=reason)
    made.count("kubelet_started_pods_total")
    assert lines(made) == [
        "# HELP kubelet_started_pods_total Sandboxes that were begun.",
        "# TYPE kubelet_started_pods_total counter",
        "kubelet_started_pods_total 1",
        "# HELP kubelet_admission_rejections_total Pods that were refused, by the reason.",
        "# TYPE kubelet_admission_rejections_total counter",
        'kubelet_admission_rejections_total{reason="OutOfcpu"} 2',
        'kubelet_admission_rejections_total{reason="NodePorts"} 1',
    ]


def test_times_are_a_histogram_whose_buckets_add_up():
    made = Measures()
    for seconds in (0.004, 0.01, 100):
        made.observe("kubelet_pod_worker_duration_seconds", seconds, operation_type="sync")
    found = lines(made)
    name = "kubelet_pod_worker_duration_seconds"
    assert f"# TYPE {name} histogram" in found
    assert f'{name}_bucket{{operation_type="sync",le="0.005"}} 1' in found
    assert f'{name}_bucket{{operation_type="sync",le="0.01"}} 2' in found
    assert f'{name}_bucket{{operation_type="sync",le="10"}} 2' in found
    assert f'{name}_bucket{{operation_type="sync",le="+Inf"}} 3' in found
    assert f'{name}_sum{{operation_type="sync"}} 100.014' in found
    assert f'{name}_count{{operation_type="sync"}} 3' in found
