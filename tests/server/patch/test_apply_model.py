"""Any sequence of applies and updates leaves the owners that a simple model of KEP-555 has."""

from hypothesis import given
from hypothesis import strategies as st

from podo.api.errors import Conflict
from podo.server.patch.apply import apply
from podo.server.patch.managed_fields import on_update

from .kinds import CONFIG_MAP, T1, config_map, owners, versions

MANAGERS, KEYS = st.sampled_from(["a", "b", "c"]), st.sampled_from("xyz")
DATA = st.dictionaries(KEYS, st.sampled_from("12"), min_size=1, max_size=3)
STEPS = st.lists(st.tuples(st.sampled_from(["apply", "force", "update"]), MANAGERS, DATA), min_size=1, max_size=7)


class Model:
    """The values of an object's data, and which keys each manager owns."""

    def __init__(self):
        self.data, self.owned = {}, {}

    def others(self, manager, key):
        return {other for other, keys in self.owned.items() if key in keys and other != manager}

    def apply(self, name, wanted, *, force):
        """Whether it goes through."""
        manager = f"{name}/Apply"
        if self.untracked() and self.data:
            self._own("before-first-apply/Update", set(self.data))
        changed = {key for key, value in wanted.items() if key in self.data and self.data[key] != value}
        stolen = {key for key in changed if self.others(manager, key)}
        if stolen and not force:
            return False
        for keys in self.owned.values():
            keys -= stolen
        given_up = self.owned.get(manager, set()) - set(wanted)
        self.data = {k: v for k, v in self.data.items() if k not in given_up or self.others(manager, k)} | wanted
        self._own(manager, set(wanted))
        return True

    def update(self, name, wanted):
        manager = f"{name}/Update"
        changed = {key for key, value in wanted.items() if self.data.get(key) != value}
        tracked = not self.untracked()
        for keys in self.owned.values():
            keys -= changed
            keys &= set(wanted)
        self.data = dict(wanted)
        if tracked:
            self._own(manager, self.owned.get(manager, set()) | changed)

    def untracked(self):
        """Objects without owners get none by updates: nobody has asked for them."""
        return not any(self.owned.values())

    def _own(self, manager, keys):
        self.owned[manager] = set(keys)

    def shown(self):
        return {manager: {f"data/{key}" for key in keys} for manager, keys in self.owned.items() if keys}


def owned_data(obj):
    found = {manager: {path for path in paths if path.startswith("data/")} for manager, paths in owners(obj).items()}
    return {manager: paths for manager, paths in found.items() if paths}


@given(STEPS)
def test_owners_are_those_of_the_model(steps):
    model, live = Model(), None
    for how, name, wanted in steps:
        common = {"manager": name, "api_version": CONFIG_MAP.api_version, "time": T1, "versions": versions(CONFIG_MAP)}
        if how == "update":
            if live is None:
                continue
            live = on_update(live, {**live, "data": wanted}, subresource="", **common)
            model.update(name, wanted)
        else:
            force = how == "force"
            passes = model.apply(name, wanted, force=force)
            try:
                live = apply(live, config_map(wanted), force=force, kind=CONFIG_MAP.kind, **common)
                assert passes
            except Conflict:
                assert not passes
        assert (live or {}).get("data", {}) == model.data
        assert owned_data(live or {"metadata": {}}) == model.shown()


@given(DATA, MANAGERS)
def test_what_is_applied_twice_is_applied_once(data, name):
    common = {"manager": name, "kind": CONFIG_MAP.kind, "api_version": CONFIG_MAP.api_version, "time": T1}
    once = apply(None, config_map(data), force=False, versions=versions(CONFIG_MAP), **common)
    assert apply(once, config_map(data), force=False, versions=versions(CONFIG_MAP), **common) == once
