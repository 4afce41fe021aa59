"""Which rows have how many Pods that a rule means: columns that follow each Pod, so that a rule costs no search.

Pods with the same namespace and labels form a group, such as the replicas of one template. A rule that was asked for is
a column; each group knows the columns that count it. A Pod that comes or goes then costs one addition a column that
means it, however many Pods and rules there are. The terms of the Pods themselves are columns alike: how many Pods with
a term each row has.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from podo.scheduler.requests import PodInfo
from podo.scheduler.terms import NO_LABELS, PodMatch, Selection, Term

Counts = NDArray[np.int64]
COLUMNS_AT_MOST = 512  # of rules; beyond it the older half is dropped, and made again when asked for


@dataclass
class Column:
    """A number for each row, and their sum."""

    values: Counts
    total: int = 0

    def add(self, row: int, number: int) -> None:
        self.values[row] += number
        self.total += number


@dataclass
class Group:
    """The Pods with one namespace, set of labels and state of deletion: how many each row has."""

    namespace: str
    labels: Mapping[str, str]
    terminating: bool
    rows: dict[int, int] = field(default_factory=dict)
    columns: dict[Selection, Column] = field(default_factory=dict)
    seen_by: tuple[int, tuple["Borne", ...]] = (-1, ())  # the terms of others that mean these Pods, as of a version


@dataclass(frozen=True)
class Borne:
    """A term that Pods on the rows of `column` have; `kind` is the list that it stands in."""

    term: Term
    kind: str
    column: Column


NEAR, APART, PREFERRED = "near", "apart", "preferred"


class PodIndex:
    """The Pods of a snapshot by what rules say about them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._groups: dict[object, Group] = {}
        self._columns: dict[Selection, Column] = {}
        self._borne: dict[tuple[Term, str], Borne] = {}
        self._version = 0  # of the set of borne terms, and of what they mean
        self._namespaces: dict[str, Mapping[str, str]] = {}

    def grow(self, size: int) -> None:
        """Columns get `size` rows."""
        self._size = size
        for column in (*self._columns.values(), *(b.column for b in self._borne.values())):
            grown = np.zeros(size, np.int64)
            grown[: len(column.values)] = column.values
            column.values = grown

    def set_namespace(self, name: str, labels: Mapping[str, str] | None) -> None:
        """The labels of a namespace; None: it is gone."""
        if labels == self._namespaces.get(name):
            return
        if labels is None:
            del self._namespaces[name]
        else:
            self._namespaces[name] = dict(labels)
        self._version += 1
        self._drop([s for s in self._columns if any(m.by_namespace_labels for m in s.matches)])

    def count(self, row: int, info: PodInfo, sign: int) -> None:
        """A Pod came to a row (`sign` 1) or left it (-1)."""
        group = self._group(info)
        group.rows[row] = group.rows.get(row, 0) + sign
        if not group.rows[row]:
            del group.rows[row]
        for column in group.columns.values():
            column.add(row, sign)
        if not group.rows:
            del self._groups[info.group]
        terms = info.terms
        for kind, bearing in ((NEAR, terms.near), (APART, terms.apart), (PREFERRED, terms.preferred)):
            for term in bearing:
                self._bear(term, kind).add(row, sign)
                self._forget(term, kind)

    def selected(self, selection: Selection) -> Column:
        """How many Pods of a selection each row has. The caller must not change it."""
        column = self._columns.pop(selection, None)
        if column is None:
            if len(self._columns) >= COLUMNS_AT_MOST:
                self._drop(list(self._columns)[: COLUMNS_AT_MOST // 2])
            column = Column(np.zeros(self._size, np.int64))
            for group in self._groups.values():
                if self._means(selection, group):
                    group.columns[selection] = column
                    for row, number in group.rows.items():
                        column.add(row, number)
        self._columns[selection] = column  # the one that was used last is the last
        return column

    def terms_about(self, info: PodInfo) -> Iterable[Borne]:
        """The terms of Pods in the index that mean `info`."""
        if not self._borne:
            return ()
        group = self._groups.get(info.group)
        if group is not None and group.seen_by[0] == self._version:
            return group.seen_by[1]
        meta = info.pod.metadata
        found = tuple(b for b in self._borne.values() if self._matches(b.term.match, meta.namespace, meta.labels))
        if group is not None:
            group.seen_by = self._version, found
        return found

    def means(self, matches: Iterable[PodMatch], info: PodInfo) -> bool:
        """Whether all of the matches mean a Pod."""
        meta = info.pod.metadata
        return all(self._matches(m, meta.namespace, meta.labels) for m in matches)

    def _matches(self, match: PodMatch, namespace: str, labels: Mapping[str, str]) -> bool:
        return match.matches(namespace, labels, self._namespaces.get(namespace, NO_LABELS))

    def _means(self, selection: Selection, group: Group) -> bool:
        if group.terminating and not selection.terminating:
            return False
        return all(self._matches(m, group.namespace, group.labels) for m in selection.matches)

    def _group(self, info: PodInfo) -> Group:
        group = self._groups.get(info.group)
        if group is None:
            meta = info.pod.metadata
            group = Group(meta.namespace, meta.labels, bool(meta.deletion_timestamp))
            self._groups[info.group] = group
            group.columns = {s: c for s, c in self._columns.items() if self._means(s, group)}
        return group

    def _bear(self, term: Term, kind: str) -> Column:
        borne = self._borne.get((term, kind))
        if borne is None:
            borne = self._borne[term, kind] = Borne(term, kind, Column(np.zeros(self._size, np.int64)))
            self._version += 1
        return borne.column

    def _forget(self, term: Term, kind: str) -> None:
        if not self._borne[term, kind].column.total:
            del self._borne[term, kind]
            self._version += 1

    def _drop(self, selections: Iterable[Selection]) -> None:
        dropped = set(selections)
        if not dropped:
            return
        for selection in dropped:
            del self._columns[selection]
        for group in self._groups.values():
            group.columns = {s: c for s, c in group.columns.items() if s not in dropped}


def by_domain(domains: Counts, column: Counts) -> Counts:
    """The sum of `column` over each domain, given to each of its rows; rows without the label (code 0) get 0."""
    totals = np.bincount(domains, weights=column, minlength=int(domains.max(initial=0)) + 1)
    totals[0] = 0
    spread: Counts = totals[domains].astype(np.int64)
    return spread


def kinds(borne: Iterable[Borne], *wanted: str) -> Iterator[Borne]:
    """Those of the terms that stand in the wanted lists."""
    return (b for b in borne if b.kind in wanted)
