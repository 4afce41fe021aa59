"""What is scraped: each line well formed, under the names that dashboards have."""

import re

LINE = re.compile(r'[a-z_:]+(\{([a-z_]+="[^"]*",?)*\})? [0-9.e+-]+')
NAMES = (
    *("apiserver_request_total", "apiserver_request_duration_seconds_bucket", "apiserver_current_inflight_requests"),
    *("apiserver_storage_objects", "apiserver_resource_objects", "apiserver_flowcontrol_nominal_limit_seats"),
    *("apiserver_request_sli_duration_seconds_bucket", "apiserver_response_sizes_bucket"),
    *("authentication_attempts", "authentication_duration_seconds_bucket", "authenticated_user_requests"),
    *("authorization_attempts_total", "authorization_duration_seconds_bucket"),
    *("apiserver_cel_compilation_duration_seconds_bucket", "apiserver_cel_evaluation_duration_seconds_bucket"),
    *("apiserver_client_certificate_expiration_seconds_bucket",),
    *("apiserver_admission_controller_admission_duration_seconds_bucket",),
    *("apiserver_admission_step_admission_duration_seconds_bucket",),
    *("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "kubernetes_build_info"),
)


async def text(api, path):
    async with api.get(path) as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        return await response.text()


async def test_metrics_are_well_formed_and_named_as_dashboards_know_them(api):
    await text(api, "/healthz")
    async with api.get("/api/v1/namespaces") as listed:
        assert listed.status == 200
    async with api.post("/api/v1/namespaces", json={"metadata": {"name": "counted"}}) as made:
        assert made.status == 201
    shown = await text(api, "/metrics")
    lines = [line for line in shown.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert [name for name in NAMES if not any(line.startswith(name) for line in lines)] == []
    typed = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}
    bare = {re.sub(r"_(bucket|sum|count)$", "", line.split("{")[0].split()[0]) for line in lines}
    assert {name for name in bare if name not in typed and f"{name}_count" not in typed} <= {
        "apiserver_storage_objects"
    }


async def test_objects_are_counted(api):
    shown = await text(api, "/metrics")
    found = re.search(r'apiserver_storage_objects\{resource="namespaces"\} (\d+)', shown)
    assert int(found[1]) >= 4
    assert 'apiserver_resource_objects{group="rbac.authorization.k8s.io",resource="clusterroles"}' in shown


async def test_health_checks_are_metrics_too(api):
    shown = await text(api, "/metrics/slis")
    assert 'kubernetes_healthcheck{name="ping",type="livez"} 1\n' in shown
    assert 'kubernetes_healthchecks_total{name="etcd",status="success",type="healthz"} 1\n' in shown
    assert 'status="success",type="healthz"} 2\n' in await text(api, "/metrics/slis")
