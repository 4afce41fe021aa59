from podo.client.base import Key
from podo.scheduler.snapshot import Snapshot
from tests.scheduler.build import info, names, node


def test_columns_grow_with_the_nodes():
    snapshot = Snapshot(size=1)
    for number in range(9):
        snapshot.set_node(node(f"n{number}", cpu=str(number)))
    assert len(snapshot) == 9
    assert {r.node.metadata.name: int(snapshot.allocatable["cpu"][r.row]) for r in snapshot.nodes()} == {
        f"n{n}": n * 1000 for n in range(9)
    }


def test_a_pod_that_moves_or_goes_gives_back_what_it_had():
    snapshot = Snapshot(size=2)
    snapshot.set_node(node("a"))
    snapshot.set_node(node("b"))
    row = {r.node.metadata.name: r.row for r in snapshot.nodes()}
    snapshot.set_pod(info("p", cpu="1", owner="rs"), "a")
    snapshot.set_pod(info("p", cpu="2", owner="rs"), "b")
    assert (snapshot.requested["cpu"][row["a"]], snapshot.requested["cpu"][row["b"]]) == (0, 2000)
    assert snapshot.controlled_by("rs") == {row["b"]: 1}
    snapshot.remove_pod(Key("default", "p"))
    assert snapshot.requested["cpu"].sum() == snapshot.requested["pods"].sum() == snapshot.scored["memory"].sum() == 0
    assert snapshot.controlled_by("rs") == {}


def test_a_pod_that_comes_before_its_node_is_counted():
    snapshot = Snapshot(size=1)
    snapshot.set_pod(info("p", cpu="1"), "late")
    assert len(snapshot) == 0
    snapshot.set_node(node("late"))
    assert len(snapshot) == 1
    assert snapshot.requested["cpu"][snapshot.row_of("late").row] == 1000


def test_a_row_is_used_again_and_starts_clean():
    snapshot = Snapshot(size=1)
    snapshot.set_node(node("a", labels={"disk": "ssd"}, unschedulable=True))
    snapshot.label("disk")
    snapshot.remove_node("a")
    snapshot.set_node(node("b"))
    row = snapshot.row_of("b").row
    assert (snapshot.size, row) == (1, 0)
    assert not snapshot.unschedulable[row]
    assert snapshot.label("disk")[row] == 0


def test_removing_a_node_keeps_its_pods_until_they_go():
    snapshot = Snapshot(size=2)
    snapshot.set_node(node("a"))
    snapshot.set_pod(info("p", cpu="1"), "a")
    snapshot.remove_node("a")
    assert names(snapshot, snapshot.exists) == set()
    snapshot.set_node(node("a"))
    assert snapshot.requested["cpu"][snapshot.row_of("a").row] == 1000
