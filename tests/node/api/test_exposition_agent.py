from podo.node.api.exposition import exposed
from podo.node.api.exposition_agent import agent_metrics, process_metrics
from tests.node.build import exited, pod, running

VOLUMES = [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "x"}}, {"name": "c", "emptyDir": {}}]


def test_pods_containers_and_volumes_are_counted():
    static = {"annotations": {"kubernetes.io/config.source": "file", "kubernetes.io/config.hash": "1"}}
    pods = [
        pod(status={"phase": "Running"}, volumes=VOLUMES),
        pod(status={"phase": "Succeeded"}),
        pod(status={"phase": "Pending"}, meta=static),
    ]
    text = exposed(agent_metrics(pods, [running(), running("b"), exited("c")], "n1"))
    for line in (
        'kubelet_node_name{node="n1"} 1',
        "kubelet_running_pods 1",
        'kubelet_running_containers{container_state="running"} 2',
        'kubelet_running_containers{container_state="exited"} 1',
        'kubelet_desired_pods{static=""} 2',
        'kubelet_active_pods{static="true"} 1',
        "kubelet_mirror_pods 1",
        'kubelet_working_pods{config="desired",lifecycle="terminated",static=""} 1',
        'volume_manager_total_volumes{plugin_name="kubernetes.io/empty-dir",state="actual_state_of_world"} 2',
        'volume_manager_total_volumes{plugin_name="kubernetes.io/configmap",state="desired_state_of_world"} 1',
    ):
        assert f"{line}\n" in text


def test_the_process_tells_of_itself(tmp_path):
    (tmp_path / "fd").mkdir()
    (tmp_path / "statm").write_text("10 4 1 1 0 1 0\n")
    fields = " ".join(str(n) for n in range(3, 53))
    (tmp_path / "stat").write_text(f"1 (a (b) c) {fields}\n")
    found = {f.name: f.samples[0].value for f in process_metrics(tmp_path)}
    assert found["process_resident_memory_bytes"] == 4 * found["process_virtual_memory_bytes"] / 10
    assert found["process_open_fds"] == 0
    assert found["process_start_time_seconds"] > 1_600_000_000
