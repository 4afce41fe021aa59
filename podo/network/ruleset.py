"""What should be in a table, who wants it there, and which nft commands lead from what is to what should be. Pure."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class ItemKind(IntEnum):
    """In the order in which things must be made."""

    SET = 1  # sets and maps; the content is the declaration's body
    CHAIN = 2  # the content is the rules, one a line
    ELEMENT = 3  # the content is the value, "" in a set


class Item(NamedTuple):
    """One thing in a table. `key` is an element's; a set's is "set" or "map"."""

    kind: ItemKind
    name: str
    key: str = ""


@dataclass(frozen=True)
class Fragment:
    """What one owner wants in a table. `lasting` is what others share, and what stays when nobody wants it any more."""

    items: Mapping[Item, str] = field(default_factory=dict)
    lasting: Mapping[Item, str] = field(default_factory=dict)


_EVERYONE: Hashable = None


class Change(NamedTuple):
    """What an item was, and what it is to be; None where it is not there."""

    item: Item
    before: str | None
    after: str | None


class Ruleset:
    """The wanted contents of one table, put together from its owners' fragments.

    Several owners may want the same item: it goes when the last of them lets go. Should they disagree on its
    content, the one who came first has its way until it lets go. `put` costs what the two fragments cost, however big
    the table is.
    """

    def __init__(self) -> None:
        self._claims: dict[Item, dict[Hashable, str]] = {}
        self._fragments: dict[Hashable, Fragment] = {}
        self._before: dict[Item, str | None] = {}  # of what was touched since the last take

    def put(self, owner: Hashable, fragment: Fragment) -> None:
        """From now on `owner` wants `fragment`, and nothing else."""
        old = self._fragments.pop(owner, Fragment()).items
        new = fragment.items
        for item, content in fragment.lasting.items():
            if item not in self._claims:
                self._touch(item)
                self._claims[item] = {_EVERYONE: content}
        for item in old.keys() - new.keys():
            self._touch(item)
            claims = self._claims[item]
            del claims[owner]
            if not claims:
                del self._claims[item]
        for item, content in new.items():
            if old.get(item) != content:
                self._touch(item)
                self._claims.setdefault(item, {})[owner] = content
        if new or fragment.lasting:
            self._fragments[owner] = fragment

    def take(self) -> list[Change]:
        """What has changed since the last take, in a fixed order."""
        changes = [Change(item, before, self._content(item)) for item, before in sorted(self._before.items())]
        self._before.clear()
        return [change for change in changes if change.before != change.after]

    def everything(self) -> list[Change]:
        """All that should be there, as if nothing were. Forgets what has changed."""
        self._before.clear()
        return [Change(item, None, self._content(item)) for item in sorted(self._claims)]

    def _content(self, item: Item) -> str | None:
        claims = self._claims.get(item)
        return next(iter(claims.values())) if claims else None

    def _touch(self, item: Item) -> None:
        if item not in self._before:
            self._before[item] = self._content(item)


def commands(table: str, changes: Iterable[Change]) -> list[str]:
    """The nft commands of one transaction on `table` ("ip name").

    New sets and chains come first, then rules, then elements. Chains that go are emptied here, and removed, like
    sets, by `removals` in a later transaction: some kernels refuse to remove what the same transaction referred to.
    """
    made: list[str] = []
    rules: list[str] = []
    gone: dict[str, list[str]] = {}
    added: dict[str, list[str]] = {}
    for item, before, after in changes:
        if item.kind is ItemKind.SET and after is not None:
            made.append(f"add {item.key} {table} {item.name} {{ {after} }}")
        elif item.kind is ItemKind.CHAIN:
            made.append(f"add chain {table} {item.name}")
            if before is not None or after is None:
                rules.append(f"flush chain {table} {item.name}")
            rules.extend(f"add rule {table} {item.name} {line}" for line in (after or "").splitlines())
        elif item.kind is ItemKind.ELEMENT:
            if before is not None:
                gone.setdefault(item.name, []).append(_element(item.key, before))
            if after is not None:
                added.setdefault(item.name, []).append(_element(item.key, after))
    elements = [f"delete element {table} {name} {{ {', '.join(each)} }}" for name, each in gone.items()]
    elements += [f"add element {table} {name} {{ {', '.join(each)} }}" for name, each in added.items()]
    return made + rules + elements


def removals(table: str, changes: Iterable[Change]) -> list[str]:
    """The commands that remove the chains and sets which `commands` has left empty and unused."""
    gone = [change.item for change in changes if change.after is None]
    chains = [f"delete chain {table} {item.name}" for item in gone if item.kind is ItemKind.CHAIN]
    return chains + [f"delete {item.key} {table} {item.name}" for item in gone if item.kind is ItemKind.SET]


def _element(key: str, value: str) -> str:
    return f"{key} : {value}" if value else key
