"""What calls may cost, by overload or by function name: (cost without the arguments' own, size of the result)."""

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from ..syntax.tree import Literal, Node
from ..types import Type
from .estimates import LARGEST, ONE, UNKNOWN, ZERO, Range, fixed

TRAVERSAL, REGEX = 0.1, 0.25
CHECK = fixed(350_000)


class Arg(NamedTuple):
    """An argument: its node, type, path into the data (empty when it has none) and size, if known."""

    node: Node
    type: Type
    path: tuple[str, ...]
    size: Range | None

    @property
    def size_or_unknown(self) -> Range:
        return UNKNOWN if self.size is None else self.size


class Sizes(Protocol):
    """Gives what a list argument holds."""

    def element(self, of: Arg) -> tuple[Type, Range] | None: ...


class Called(NamedTuple):
    """A call of an overload with what its arguments cost."""

    overload: str
    target: Arg | None
    args: list[Arg]
    costs: list[Range]
    sizes: Sizes

    @property
    def first(self) -> Range:
        return self.args[0].size_or_unknown

    @property
    def on(self) -> Range:
        """The size of the target."""
        assert self.target is not None
        return self.target.size_or_unknown


Estimate: TypeAlias = tuple[Range, Range | None] | None
EstimateCall: TypeAlias = Callable[[Called], Estimate]


def _nominal(call: Called) -> Estimate:
    return ONE, None


def _check(call: Called) -> Estimate:
    return CHECK, None


def _selector(call: Called) -> Estimate:
    parse = call.first.scaled(TRAVERSAL)
    return fixed(10).plus(parse).plus(call.first.scaled(0.5).scaled(50)), None


def _list_scan(call: Called) -> Estimate:
    """A look at each element; at each character of texts."""
    assert call.target is not None
    element = call.sizes.element(call.target)
    if element is None:
        return call.on.scaled(TRAVERSAL), None
    of, size = element
    each = ONE.plus(size.scaled(TRAVERSAL)) if of.kind in ("string", "bytes") else ONE
    return call.on.times(each), None


def _by_first(factor: float, *, sized: bool = False) -> EstimateCall:
    return lambda call: (call.first.scaled(factor), call.first if sized else None)


def _by_target(factor: float, *, sized: bool = False) -> EstimateCall:
    return lambda call: (call.on.scaled(factor), call.on if sized else None)


def _replace(call: Called) -> Estimate:
    """Reading the text and making the result, which is longest or shortest when the parts are."""
    text, old, new = call.on, call.args[0].size_or_unknown, call.args[1].size_or_unknown
    high_count = high_kept = low_count = low_kept = 0
    if old.low == 0:
        high_count, high_kept = min(text.high + 1, LARGEST), text.high
    elif new.high <= old.low:
        high_kept = text.high
    else:
        high_count = math.ceil(float(text.high) / float(old.low))
    if old.high == 0:
        low_count, low_kept = min(text.low + 1, LARGEST), text.low
    elif old.high <= new.low:
        low_kept = text.low
    else:
        low_count = math.ceil(float(text.low) / float(old.high))
    count = Range(min(low_count, LARGEST), min(high_count, LARGEST))
    return text.scaled(2 * TRAVERSAL), count.times(new).plus(Range(low_kept, high_kept))


def _split(call: Called) -> Estimate:
    most = call.on.high
    if len(call.args) > 1 and isinstance(call.args[1].node, Literal) and type(call.args[1].node.value) is int:
        most = call.args[1].node.value % 2**64
    return call.on.scaled(2 * TRAVERSAL), Range(0, most)


def _join(call: Called) -> Estimate:
    assert call.target is not None
    count, total = call.on, ZERO
    element = call.sizes.element(call.target)
    if element is not None:
        total = count.times(element[1])
    if call.args:
        separators = Range(max(count.low - 1, 0), max(count.high - 1, 0))
        total = total.plus(call.first.times(separators))
    return total.scaled(TRAVERSAL), total


def _find(call: Called) -> Estimate:
    text = call.on.plus(ONE).scaled(TRAVERSAL)
    return text.times(call.first.scaled(REGEX)), Range(0, call.on.high)


def _matches(call: Called) -> Estimate:
    if call.target is None:
        return None
    return call.on.plus(ONE).scaled(TRAVERSAL).times(call.first.scaled(REGEX)), None


def _contains(call: Called) -> Estimate:
    return call.on.scaled(TRAVERSAL).times(call.first.scaled(TRAVERSAL)), None


IP_BYTES = Range(4, 16)


def _contains_ip(call: Called) -> Estimate:
    cost = IP_BYTES.plus(IP_BYTES).scaled(TRAVERSAL)
    if call.overload == "cidr_contains_ip_string":
        cost = cost.plus(call.first.scaled(TRAVERSAL))
    return cost, None


def _contains_cidr(call: Called) -> Estimate:
    cost = IP_BYTES.plus(IP_BYTES).scaled(TRAVERSAL).plus(IP_BYTES.scaled(TRAVERSAL)).plus(ONE)
    if call.overload == "cidr_contains_cidr_string":
        cost = cost.plus(call.first.scaled(TRAVERSAL))
    return cost, None


def _ip(call: Called) -> Estimate:
    return (ONE, None) if call.overload == "cidr_ip" else (call.first.scaled(TRAVERSAL), None)


def _validate(call: Called) -> Estimate:
    return call.first.scaled(TRAVERSAL).scaled(128 * REGEX), None


CONSTANT_SIZE = frozenset(
    {"net.IP", "net.CIDR", "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.URL"}
    | {f"kubernetes.authorization.{name}" for name in ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck")}
    | {"kubernetes.authorization.Decision"}
)


def _equals(call: Called) -> Estimate:
    one, other = call.args
    if one.type == other.type and one.type.name in CONSTANT_SIZE and call.overload == "equals":
        return ONE, None
    if one.type == other.type and one.type.name == "kubernetes.NamedFormat" and call.overload == "equals":
        return Range(1, 64).scaled(TRAVERSAL), None
    return _ordered(call)


def _ordered(call: Called) -> Estimate:
    most = min(call.args[0].size_or_unknown.high, call.args[1].size_or_unknown.high)
    return Range(1 if most > 0 else 0, most).scaled(TRAVERSAL), None


def _in_list(call: Called) -> Estimate:
    return call.args[1].size_or_unknown.scaled(1), None


def _added(call: Called) -> Estimate:
    size = call.args[0].size_or_unknown.plus(call.args[1].size_or_unknown)
    return (ONE if call.overload == "add_list" else size.scaled(TRAVERSAL)), size


def _conditional(call: Called) -> Estimate:
    return ZERO, call.args[1].size_or_unknown.union(call.args[2].size_or_unknown)


def _to_bytes(call: Called) -> Estimate:
    return call.first.scaled(TRAVERSAL), Range(call.first.low, min(call.first.high * 4, LARGEST))


def _from_bytes(call: Called) -> Estimate:
    return call.first.scaled(TRAVERSAL), Range(call.first.low // 4, call.first.high)


def _quote(call: Called) -> Estimate:
    size = Range(min(call.first.low + 2, LARGEST), min(call.first.high * 2 + 2, LARGEST))
    return call.first.scaled(TRAVERSAL), size


def allocating(factor: float, size: Range) -> Estimate:
    """A list made by a call: its elements, the call, the list."""
    return size.scaled(factor).plus(ONE).plus(fixed(10)), size


def _literal_int(arg: Arg, otherwise: int) -> int:
    node = arg.node
    return max(node.value, 0) if isinstance(node, Literal) and type(node.value) is int else otherwise


def _slice(call: Called) -> Estimate:
    start, end = _literal_int(call.args[0], 0), _literal_int(call.args[1], call.on.high)
    return allocating(1, fixed((end - start) % 2**64))


def _flatten(call: Called) -> Estimate:
    return allocating(_literal_int(call.args[0], LARGEST) if call.args else 1, call.on)


def _distinct(call: Called) -> Estimate:
    return allocating(2, call.on.times(call.on))


def _sort(call: Called) -> Estimate:
    size = call.first if call.args else call.on
    texts = call.overload.startswith(("list_string_", "list_bytes_"))
    return allocating(2 + TRAVERSAL if texts else 2, size.times(size))


def _sets(factor: int) -> EstimateCall:
    return lambda call: (call.first.times(call.args[1].size_or_unknown).scaled(factor).plus(ONE), None)


def _each(estimate: EstimateCall, names: str) -> dict[str, EstimateCall]:
    return dict.fromkeys(names.split(), estimate)


ORDERED = " ".join(
    f"{name}_{kind}" for name in ("less", "less_equals", "greater", "greater_equals") for kind in ("string", "bytes")
)
CALLS: dict[str, EstimateCall] = {
    "check": _check,
    **_each(_nominal, "serviceAccount path group resource subresource namespace name allowed reason error errored"),
    **_each(_selector, "fieldSelector labelSelector"),
    **_each(_list_scan, "isSorted sum max min indexOf lastIndexOf"),
    **_each(_by_first(TRAVERSAL, sized=True), "url jsonpatch.escapeKey"),
    **_each(_by_target(TRAVERSAL, sized=True), "lowerAscii upperAscii substring trim"),
    "replace": _replace,
    "split": _split,
    "join": _join,
    **_each(_find, "find findAll"),
    **_each(_by_first(TRAVERSAL), "cidr isIP isCIDR quantity isQuantity semver isSemver"),
    "ip": _ip,
    "ip.isCanonical": _by_first(2 * TRAVERSAL),
    **_each(_nominal, "masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast"),
    **_each(
        _nominal, "isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan"
    ),
    **_each(
        _nominal, "compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery"
    ),
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "validate": _validate,
    **_each(_equals, "equals not_equals"),
    **_each(_ordered, ORDERED),
    "in_list": _in_list,
    **_each(_added, "add_list add_string add_bytes"),
    "conditional": _conditional,
    "string_to_bytes": _to_bytes,
    "bytes_to_string": _from_bytes,
    "strings_quote": _quote,
    "string_format": _by_target(TRAVERSAL),
    **_each(_by_first(TRAVERSAL), "starts_with_string ends_with_string"),
    "matches_string": _matches,
    "contains_string": _contains,
    "list_slice": _slice,
    **_each(_flatten, "list_flatten list_flatten_int"),
    "lists_range": lambda call: allocating(1, fixed(_literal_int(call.args[0], LARGEST))),
    "list_reverse": lambda call: allocating(1, call.on),
    "list_distinct": _distinct,
    **_each(_sort, "sort @sortByAssociatedKeys"),
    "list_sets_contains_list": _sets(1),
    "list_sets_intersects_list": _sets(1),
    "list_sets_equivalent_list": _sets(2),
}
