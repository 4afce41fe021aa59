import pytest

from podo.node.eviction.judge import levels
from podo.node.eviction.limits import has_limits, outgrown
from podo.node.eviction.ranking import is_critical, ranked
from podo.node.eviction.thresholds import IMAGE_FS, MEMORY, Threshold
from podo.node.eviction.words import condition, low
from podo.node.stats.base import FileSystem
from tests.node.build import container, pod
from tests.node.eviction.figures import GIB, MIB, node_use, pod_use


def candidate(uid: str, *, priority: int = 0, **requests: str):
    return pod(container(resources={"requests": requests}), meta={"uid": uid, "name": uid}, priority=priority)


def order(resource, *entries):
    pods, uses = [p for p, _ in entries], {u.uid: u for _, u in entries if u}
    return [p.metadata.uid for p in ranked(resource, pods, uses)]


def test_who_is_over_its_request_goes_before_who_is_not_whatever_it_uses():
    within = candidate("within", memory="2Gi"), pod_use("within", mem=GIB)
    over = candidate("over", memory="1Mi"), pod_use("over", mem=2 * MIB)
    assert order("memory", within, over) == ["over", "within"]


def test_then_priority_counts_and_then_how_much_it_is_over():
    low_one = candidate("low", priority=1), pod_use("low", mem=MIB)
    high = candidate("high", priority=9), pod_use("high", mem=9 * MIB)
    higher_use = candidate("more", priority=1, memory="1Mi"), pod_use("more", mem=3 * MIB)
    assert order("memory", high, low_one, higher_use) == ["more", "low", "high"]


def test_who_has_no_figures_goes_first():
    unknown = candidate("unknown", priority=99), None
    known = candidate("known"), pod_use("known", mem=GIB)
    assert order("memory", known, unknown) == ["unknown", "known"]


def test_for_processes_only_priority_and_number_count():
    few = candidate("few"), pod_use("few", processes=1)
    many = candidate("many"), pod_use("many", processes=100)
    dear = candidate("dear", priority=1), pod_use("dear", processes=1000)
    assert order("pids", dear, few, many) == ["many", "few", "dear"]


def test_for_the_disk_files_of_layers_volumes_and_logs_count():
    small = candidate("small"), pod_use("small", disk=MIB)
    volume = candidate("volume"), pod_use("volume", volumes={"v": 5 * MIB})
    memory = candidate("memory"), pod_use("memory", volumes={"v": 50 * MIB}, in_memory=frozenset("v"))
    assert order("ephemeral-storage", small, memory, volume) == ["volume", "small", "memory"]


def test_for_inodes_the_number_of_files_counts():
    few = candidate("few"), pod_use("few", disk=GIB, inodes=1)
    many = candidate("many"), pod_use("many", disk=1, inodes=1000)
    assert order("inodes", few, many) == ["many", "few"]


@pytest.mark.parametrize(
    ("wanted", "critical"),
    [
        (pod(), False),
        (pod(priority=2_000_000_000), True),
        (pod(priority=1_999_999_999), False),
        (pod(meta={"annotations": {"kubernetes.io/config.mirror": "x"}}), True),
        (pod(meta={"annotations": {"kubernetes.io/config.source": "file"}}), True),
        (pod(meta={"annotations": {"kubernetes.io/config.source": "api"}}), False),
    ],
)
def test_what_the_node_needs_is_critical(wanted, critical):
    assert is_critical(wanted) is critical


LIMITED = container(resources={"limits": {"ephemeral-storage": "1Gi"}})
SCRATCH = [{"name": "v", "emptyDir": {"sizeLimit": "100Mi"}}]


@pytest.mark.parametrize(
    ("wanted", "use", "message"),
    [
        (pod(), pod_use("u", disk=GIB), ""),
        (pod(volumes=SCRATCH), pod_use("u", volumes={"v": 100 * MIB}), ""),
        (
            pod(volumes=SCRATCH),
            pod_use("u", volumes={"v": 100 * MIB + 1}),
            'Usage of EmptyDir volume "v" exceeds the limit "100Mi". ',
        ),
        (
            pod(container("app", **{k: v for k, v in LIMITED.items() if k == "resources"}), container("b")),
            pod_use("u", disk=GIB + 1),
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
        ),
        (
            pod(LIMITED, container("b", resources={"limits": {"ephemeral-storage": "9Gi"}})),
            pod_use("u", disk=2 * GIB),
            'Container app exceeded its local ephemeral storage limit "1Gi". ',
        ),
    ],
)
def test_limits_of_its_own(wanted, use, message):
    assert outgrown(wanted, use) == message
    assert has_limits(wanted) or not message


def test_the_words_are_those_that_users_search_for():
    wanted = candidate("x", memory="1Mi")
    use, starved = pod_use("x", mem=3 * MIB), [Threshold(MEMORY, "100Mi")]
    assert low("memory", wanted, use, starved, levels(node_use(memory_available=50 * MIB))) == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container app was using 3Mi, request is 1Mi, has larger consumption of memory. "
    )
    full = levels(node_use(image_fs=FileSystem(100 * GIB, 14 * GIB, 1, 1)))
    assert low("ephemeral-storage", wanted, pod_use("x", disk=8192), [Threshold(IMAGE_FS, "15%")], full) == (
        "The node was low on resource: ephemeral-storage. Threshold quantity: 15Gi, available: 14Gi. "
        "Container app was using 8Ki, request is 0, has larger consumption of ephemeral-storage. "
    )
    assert condition(["DiskPressure", "MemoryPressure"]) == "The node had condition: [DiskPressure MemoryPressure]. "
