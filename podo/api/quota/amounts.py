"""Lists of quantities by resource name, and how they are added, compared and written. Pure.

A sum is spelled as its first part is, or as the second if the first is nothing, as Kubernetes' quantities are.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from podo.api import quantity

Amounts = Mapping[str, str]
ONE = "1"


def added(a: Amounts, b: Amounts) -> dict[str, str]:
    """What both are together."""
    return {**b, **{name: _sum(value, b[name]) if name in b else value for name, value in a.items()}}


def growth(new: Amounts, old: Amounts) -> dict[str, str]:
    """How much more `new` is than `old`; what is less counts as nothing."""
    found = dict.fromkeys(old, "0")
    for name, value in new.items():
        more = quantity.parse(value) - quantity.parse(old.get(name, "0"))
        found[name] = quantity.like(max(more, Decimal(0)), value)
    return found


def masked(amounts: Amounts, names: Collection[str]) -> dict[str, str]:
    """Those of these names."""
    return {name: value for name, value in amounts.items() if name in names}


def without_zeros(amounts: Amounts) -> dict[str, str]:
    """Those that are something."""
    return {name: value for name, value in amounts.items() if quantity.parse(value)}


def exceeding(amounts: Amounts, limits: Amounts) -> list[str]:
    """The names of what is above its limit."""
    return [n for n, v in amounts.items() if n in limits and quantity.parse(v) > quantity.parse(limits[n])]


def are_equal(a: Amounts, b: Amounts) -> bool:
    """Whether both have the same names with the same values, however they are spelled."""
    return a.keys() == b.keys() and all(quantity.parse(value) == quantity.parse(b[name]) for name, value in a.items())


def words(amounts: Amounts) -> str:
    """`cpu=1,memory=2Gi`."""
    return ",".join(f"{name}={quantity.canonical(value)}" for name, value in sorted(amounts.items()))


def listed(names: Iterable[str]) -> str:
    """`cpu,memory`."""
    return ",".join(sorted(names))


def _sum(a: str, b: str) -> str:
    first, second = quantity.parse(a), quantity.parse(b)
    return quantity.like(first + second, a if first else b)
