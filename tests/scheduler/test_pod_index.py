from random import Random

from podo.api.selectors import NOTHING, parse_labels
from podo.client.base import key_of
from podo.scheduler.pod_index import COLUMNS_AT_MOST
from podo.scheduler.terms import PodMatch, Selection
from tests.scheduler.build import info, node, snapshot


def selection(text: str, terminating: bool = True) -> Selection:
    return Selection((PodMatch(frozenset({"default"}), NOTHING, parse_labels(text)),), terminating)


def test_a_column_follows_the_pods_however_they_come_and_go():
    chance, nodes = Random(7), snapshot(*(node(f"n{n}") for n in range(9)))
    rules = [selection("app=a"), selection("app in (a,b),tier!=x"), selection("tier"), selection("!tier", False)]
    there = {}
    for step in range(300):
        name = f"p{chance.randrange(40)}"
        labels = {k: chance.choice("abx") for k in ("app", "tier") if chance.random() < 0.7}
        pod = info(name, labels=labels, namespace=chance.choice(["default", "other"]))
        if chance.random() < 0.4 and there:
            gone = chance.choice(list(there))
            nodes.remove_pod(gone)
            del there[gone]
        else:
            where = f"n{chance.randrange(9)}"
            nodes.set_pod(pod, where)
            there[key_of(pod.pod)] = (where, pod)
        rule = rules[step % 4]
        expected = [0] * nodes.size
        for where, other in there.values():
            meta = other.pod.metadata
            if all(m.matches(meta.namespace, meta.labels, {}) for m in rule.matches):
                expected[nodes.row_of(where).row] += 1
        assert nodes.index.selected(rule).values.tolist() == expected
        assert nodes.index.selected(rule).total == sum(expected)


def test_old_columns_are_dropped_and_made_again():
    nodes = snapshot(node("a"))
    nodes.set_pod(info("p", labels={"n": "0"}), "a")
    for number in range(COLUMNS_AT_MOST + 5):
        assert nodes.index.selected(selection(f"n={number}")).total == (number == 0)
    nodes.set_pod(info("q", labels={"n": "0"}), "a")
    assert nodes.index.selected(selection("n=0")).total == 2


def test_pods_that_are_going_count_only_where_a_rule_says_so():
    from msgspec.structs import replace

    from podo.scheduler.requests import PodInfo

    nodes, pod = snapshot(node("a")), info("p", labels={"n": "0"}).pod
    going = replace(pod, metadata=replace(pod.metadata, deletion_timestamp="2026-01-01T00:00:00Z"))
    nodes.set_pod(PodInfo(going), "a")
    assert nodes.index.selected(selection("n=0")).total == 1
    assert nodes.index.selected(selection("n=0", terminating=False)).total == 0
