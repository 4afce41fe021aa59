"""What the server counts."""

from podo.server.http.request_info import request_info
from podo.server.metrics import Requests


def text(requests):
    return "".join(requests.lines())


def test_requests_are_counted_by_what_they_are_and_how_they_end():
    requests = Requests()
    for status in (200, 200, 404):
        requests.done(request_info("GET", "/api/v1/namespaces/a/pods/p"), status, 0.03, own=0.03)
    labels = 'component="apiserver",dry_run="",group="",resource="pods",'
    labels += 'scope="resource",subresource="",verb="GET",version="v1"'
    assert f'apiserver_request_total{{code="200",{labels}}} 2\n' in text(requests)
    assert f'apiserver_request_total{{code="404",{labels}}} 1\n' in text(requests)


def test_times_fall_into_buckets():
    requests = Requests()
    for seconds in (0.001, 0.03, 0.03, 100.0):
        requests.done(request_info("GET", "/api/v1/nodes/n"), 200, seconds, own=seconds)
    shown = "".join(line for line in requests.lines() if line.startswith("apiserver_request_duration"))
    assert 'le="0.005"} 1\n' in shown
    assert 'le="0.05"} 3\n' in shown
    assert 'le="60"} 3\n' in shown
    assert 'le="+Inf"} 4\n' in shown


def test_watches_have_no_time():
    requests = Requests()
    requests.done(request_info("GET", "/api/v1/pods")._replace(verb="watch"), 200, 1800.0, own=1800.0)
    assert "duration_seconds_sum" not in text(requests)


def test_requests_in_work_are_counted_by_kind():
    requests = Requests()
    reading, writing = request_info("GET", "/api/v1/nodes/n"), request_info("PUT", "/api/v1/nodes/n")
    watching = request_info("GET", "/api/v1/nodes")._replace(verb="watch")
    for info in (reading, reading, writing, watching):
        requests.begin(info)
    requests.end(reading)
    shown = text(requests)
    assert 'apiserver_current_inflight_requests{request_kind="mutating"} 1\n' in shown
    assert 'apiserver_current_inflight_requests{request_kind="readOnly"} 1\n' in shown
    assert 'apiserver_longrunning_requests{component="apiserver",' in shown
    requests.end(watching)
    assert 'resource="nodes",scope="cluster",subresource="",verb="WATCH",version="v1"} 0\n' in text(requests)


def test_what_others_took_is_not_the_servers_own_time():
    requests = Requests()
    requests.done(request_info("PUT", "/api/v1/nodes/n"), 200, 5.0, own=0.2)
    shown = [line for line in requests.lines() if line.startswith("apiserver_request_sli_duration_seconds")]
    assert any('verb="PUT",version="v1",le="0.2"} 1\n' in line for line in shown)
    assert any("_sum{" in line and line.endswith(" 0.2\n") for line in shown)


def test_answers_to_reads_have_a_size():
    requests = Requests()
    requests.done(request_info("GET", "/api/v1/nodes/n"), 200, 0.1, own=0.1, size=5_000)
    requests.done(request_info("PUT", "/api/v1/nodes/n"), 200, 0.1, own=0.1, size=5_000)
    counted = [line for line in requests.lines() if line.startswith("apiserver_response_sizes_count")]
    assert len(counted) == 1
    assert 'verb="GET"' in counted[0]


def test_dry_runs_are_told_apart():
    requests = Requests()
    requests.done(request_info("PUT", "/api/v1/nodes/n"), 200, 0.1, own=0.1, dry_run=True)
    assert 'component="apiserver",dry_run="All"' in text(requests)
