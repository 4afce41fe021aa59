"""Whatever happens, the cache shows what a plain history of the same writes would show."""

from hypothesis import given, settings
from hypothesis import strategies as st

from podo.api.selectors import parse_labels
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Seen
from podo.store.base import EventType

from .build import value

KEYS = [f"{namespace}/{name}" for namespace in ("a", "b") for name in ("x", "y", "z")]
LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["1", "2"]))
WRITES = st.lists(st.tuples(st.sampled_from(KEYS), st.one_of(st.none(), LABELS)), max_size=40)
SELECTORS = st.sampled_from(["", "app=1", "app=2,tier=1", "app in (1,2)", "app!=1", "!tier", "tier"])
SELECTIONS = st.builds(
    lambda namespace, text: Selection(namespace, parse_labels(text) if text else None),
    st.sampled_from(["", "a", "b"]),
    SELECTORS,
)


def fields_of(obj):
    return {}


def write(cache, states, key, labels):
    """One write, to the cache and to the history; labels of None delete."""
    state, revision = dict(states[-1]), len(states)
    if labels is None and key not in state:
        return
    namespace, _, name = key.partition("/")
    kind = EventType.DELETED if labels is None else EventType.MODIFIED if key in state else EventType.ADDED
    kept = state.get(key, {}) if labels is None else labels
    cache.apply(kind, key, revision, value(name, namespace=namespace, labels=kept))
    if labels is None:
        del state[key]
    else:
        state[key] = labels
    states.append(state)


def selected(state, selection):
    """Keys, in order, of what a state has that is selected."""
    return [
        key
        for key, labels in sorted(state.items())
        if key.startswith(selection.namespace) and (selection.labels is None or selection.labels.matches(labels))
    ]


@given(WRITES, st.lists(SELECTIONS, min_size=1, max_size=4), st.integers(0, 40), st.sampled_from(["", *KEYS]))
def test_present_and_past_are_as_in_a_plain_history(writes, selections, at, after):
    cache, states = ResourceCache(fields_of), [{}]
    for key, labels in writes:
        write(cache, states, key, labels)
        for selection in selections:  # indexes are made at some moment, and must be right ever after
            assert [entry.key for entry in cache.select(selection)] == selected(states[-1], selection)
    then = min(at, len(states) - 1)
    for selection in selections:
        past = [key for key in selected(states[then], Selection(selection.namespace)) if key > after]
        assert [entry.key for entry in cache.as_of(then, selection.namespace, after)] == past
        assert cache.count_as_of(then, selection.namespace, after) == len(past)
    assert cache.count("a", after) == sum(key.startswith("a/") and key > after for key in states[-1])
    assert cache.count("", after) == sum(key > after for key in states[-1])


@settings(max_examples=60)
@given(WRITES, SELECTIONS, st.integers(0, 40), st.integers(0, 40))
def test_a_watch_turns_the_state_where_it_began_into_the_present_one(writes, selection, since, began):
    cache, states, watcher = ResourceCache(fields_of), [{}], None
    for number, (key, labels) in enumerate(writes):
        if number == began:
            start = min(since, len(states) - 1)
            watcher = cache.watch(selection, start)
        write(cache, states, key, labels)
    if watcher is None:
        start = min(since, len(states) - 1)
        watcher = cache.watch(selection, start)
    shown = set(selected(states[start], selection))
    for seen, change in watcher.take():
        if seen is Seen.ADDED:
            assert change.entry.key not in shown
            shown.add(change.entry.key)
        elif seen is Seen.MODIFIED:
            assert change.entry.key in shown
        else:
            shown.remove(change.entry.key)
    assert sorted(shown) == selected(states[-1], selection)
