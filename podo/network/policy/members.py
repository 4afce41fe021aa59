"""Which Pods the peers of rules are, kept up to date by what changes."""

from collections.abc import Hashable, Iterator

from podo.client.base import Key
from podo.network.policy.model import Labels, PodFacts
from podo.network.policy.rules import MemberSet, member_fragment, set_fragment
from podo.network.ruleset import Fragment, Ruleset

_NO_LABELS: Labels = {}


class Members:
    """Fills the sets that are in use. A change of a Pod costs a look at each set, not at other Pods."""

    def __init__(self, ruleset: Ruleset, versions: tuple[int, ...]) -> None:
        self._ruleset, self._versions = ruleset, versions
        self._users: dict[MemberSet, set[Hashable]] = {}
        self._used: dict[Hashable, frozenset[MemberSet]] = {}
        self._members: dict[MemberSet, set[Key]] = {}
        self.pods: dict[Key, PodFacts] = {}
        self.namespaces: dict[str, Labels] = {}
        self._in_namespace: dict[str, set[Key]] = {}

    def use(self, owner: Hashable, sets: frozenset[MemberSet]) -> None:
        """From now on `owner` refers to these sets, and to no others."""
        before = self._used.pop(owner, frozenset())
        if sets:
            self._used[owner] = sets
        for each in sets - before:
            users = self._users.setdefault(each, set())
            if not users:
                self._fill(each)
            users.add(owner)
        for each in before - sets:
            self._users[each].discard(owner)
            if not self._users[each]:
                self._drop(each)

    def put_pod(self, key: Key, pod: PodFacts | None) -> None:
        """The Pod is now so; None: it is gone."""
        if pod == self.pods.get(key):
            return
        if pod is None:
            del self.pods[key]
            self._in_namespace[key.namespace].discard(key)
        else:
            self.pods[key] = pod
            self._in_namespace.setdefault(key.namespace, set()).add(key)
        for each in self._users:
            self._enter(each, key)

    def put_namespace(self, name: str, labels: Labels | None) -> None:
        """The namespace now has these labels; None: it is gone."""
        if labels == self.namespaces.get(name):
            return
        if labels is None:
            del self.namespaces[name]
        else:
            self.namespaces[name] = labels
        for each in self._users:
            if each.peer is not None and each.peer.namespaces is not None:
                for key in self._in_namespace.get(name, ()):
                    self._enter(each, key)

    def _fill(self, wanted: MemberSet) -> None:
        self._members[wanted] = set()
        self._ruleset.put(wanted, set_fragment(wanted, self._versions))
        for key in self._candidates(wanted):
            self._enter(wanted, key)

    def _candidates(self, wanted: MemberSet) -> Iterator[Key]:
        if wanted.peer is not None and wanted.peer.namespaces is None:
            yield from self._in_namespace.get(wanted.peer.namespace, ())
        else:
            yield from self.pods

    def _drop(self, wanted: MemberSet) -> None:
        del self._users[wanted]
        for key in self._members.pop(wanted):
            self._ruleset.put((wanted, key), Fragment())
        self._ruleset.put(wanted, Fragment())

    def _enter(self, wanted: MemberSet, key: Key) -> None:
        members, pod = self._members[wanted], self.pods.get(key)
        if pod is not None and self._is_meant(wanted, pod):
            members.add(key)
            self._ruleset.put((wanted, key), member_fragment(wanted, pod, self._versions))
        elif key in members:
            members.discard(key)
            self._ruleset.put((wanted, key), Fragment())

    def _is_meant(self, wanted: MemberSet, pod: PodFacts) -> bool:
        if wanted.peer is None:
            return pod.reachable
        return wanted.peer.selects(pod, self.namespaces.get(pod.key.namespace, _NO_LABELS))
