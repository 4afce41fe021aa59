"""What a list or a watch asks for: a namespace and selectors; and indexes that find it without looking at the rest."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from podo.api.selectors import FieldSelector, LabelSelector
from podo.server.watchcache.entry import Entry, Object

FieldsOf = Callable[[Object], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind. Empty selectors are None."""

    namespace: str = ""
    labels: LabelSelector | None = None
    fields: FieldSelector | None = None

    @property
    def narrow(self) -> bool:
        """Whether there is any selector: then a list does not say how many items remain."""
        return self.labels is not None or self.fields is not None

    def of_any_version(self) -> "Selection":
        """The same but for the fields, which may be others in another version."""
        return self if self.fields is None else replace(self, fields=None)

    def matches(self, entry: Entry, fields_of: FieldsOf) -> bool:
        """Whether the object is one of them; namespaces are for the caller to compare."""
        if self.labels is not None and not self.labels.matches(entry.labels):
            return False
        return self.fields is None or self.fields.matches(entry.fields(fields_of))

    def field(self, name: str) -> str | None:
        """The value that a field must have, if the selectors say `name=value`."""
        return self.fields.exact(name) if self.fields is not None else None


class Index:
    """Keys of entries by the value of one label or field. Made when first needed, then kept up to date."""

    def __init__(self, value_of: Callable[[Entry], str | None]) -> None:
        self._value_of = value_of
        self._keys: dict[str, set[str]] = {}

    def add(self, entry: Entry) -> None:
        value = self._value_of(entry)
        if value is not None:
            self._keys.setdefault(value, set()).add(entry.key)

    def remove(self, entry: Entry) -> None:
        value = self._value_of(entry)
        if value is not None and (keys := self._keys.get(value)) is not None:
            keys.discard(entry.key)
            if not keys:
                del self._keys[value]

    def keys(self, value: str) -> set[str]:
        """The keys with this value; not to be changed."""
        return self._keys.get(value, _NONE)

    def keys_of_any(self, values: tuple[str, ...]) -> set[str]:
        """The keys with one of these values; not to be changed."""
        return self.keys(values[0]) if len(values) == 1 else set().union(*map(self.keys, values))


_NONE: set[str] = set()
