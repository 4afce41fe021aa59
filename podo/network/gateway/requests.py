"""The part of a frontend that says which request goes where. Pure."""

from collections.abc import Iterator, Sequence

from podo.network.gateway.actions import HOST, settings
from podo.network.gateway.hostnames import specificity
from podo.network.gateway.plan import HTTPS, Bound, Door, Rule, Share
from podo.network.gateway.routes import EXACT, PREFIX, REGULAR, ValueMatch
from podo.network.haproxy.words import word

LISTENER, ASKED, PATH, TO, MAYBE = "txn.listener", "txn.asked", "txn.path", "txn.to", "txn.maybe"
OPEN = f"!{{ var({TO}) -m found }}"
NONE = 9999
MOST_CONDITIONS = 6  # on a line, which may have 64 words


def request_rules(door: Door, bound: Sequence[Bound]) -> Iterator[str]:
    """The lines for the listeners `bound` of a door, which all are HTTP, or all HTTPS."""
    secure = bound[0].protocol == HTTPS
    yield from [
        f"  http-request set-header X-Forwarded-Proto {'https' if secure else 'http'}",
        "  http-request set-header X-Forwarded-Host %[req.hdr(host)]",
        "  http-request set-header X-Real-IP %[src]",
        f"  http-request set-var({HOST}) req.hdr(host),field(1,:),lower",
        f"  http-request set-var({PATH}) path,concat(/)",
        *settings(bound[0].protocol, door.port),
    ]
    ordered = sorted(bound, key=lambda each: specificity(each.host))
    yield from _listener(ordered, LISTENER, f"var({HOST})")
    if secure and any(each.host for each in ordered):
        yield from _listener(ordered, ASKED, "ssl_fc_sni,lower")
        same = f"{{ var({LISTENER}),sub({ASKED}) -m int 0 }}"
        yield f"  http-request return status 421 if {{ ssl_fc_has_sni }} !{same}"
    splits: dict[tuple[Share, ...], str] = {}
    for number, each in enumerate(ordered):
        here = [f"{{ var({LISTENER}) -m int {number} }}"] if len(ordered) > 1 or each.host else []
        for rule in each.rules:
            to = rule.shares[0].destination.name
            if len(rule.shares) > 1:
                to = splits.setdefault(rule.shares, f"split-{len(splits)}")
            yield from _assign(to, [*here, *_conditions(rule, each.host)])
    for shares, name in splits.items():
        yield from split(shares, name, "http-request")
    yield f"  use_backend %[var({TO})] if {{ var({TO}) -m found }}"
    yield "  default_backend not-found"


def split(shares: Sequence[Share], name: str, rules: str) -> Iterator[str]:
    """Choose one of the shares by chance: each line takes its part of what those before it left."""
    left = sum(each.weight for each in shares)
    for each in shares:
        chance = f" {{ rand({left}) -m int lt {each.weight} }}" if each.weight < left else ""
        yield f"  {rules} set-var({TO}) str({each.destination.name}) if {{ var({TO}) -m str {name} }}{chance}"
        left -= each.weight


def _listener(ordered: Sequence[Bound], variable: str, name: str) -> Iterator[str]:
    """Set `variable` to the number of the first listener that serves `name`; NONE if none does."""
    yield f"  http-request set-var({variable}) int({NONE})"
    unset = f"{{ var({variable}) -m int {NONE} }}"
    for number, each in enumerate(ordered):
        met = " ".join([unset, *host_condition(each.host, name)])
        yield f"  http-request set-var({variable}) int({number}) if {met}"


def host_condition(host: str, name: str) -> list[str]:
    """The condition that `name`, a sample, is matched by a hostname; [] if that matches any."""
    if not host:
        return []
    return [f"{{ {name} -m end {word(host[1:])} }}" if host.startswith("*.") else f"{{ {name} -m str {word(host)} }}"]


def _assign(to: str, conditions: list[str]) -> Iterator[str]:
    """Lead what meets all conditions, and was led nowhere else yet, to `to`."""
    first, rest = conditions[:MOST_CONDITIONS], conditions[MOST_CONDITIONS:]
    if not rest:
        yield f"  http-request set-var({TO}) str({to}) if {' '.join([OPEN, *first])}"
        return
    yield f"  http-request set-var({MAYBE}) int(1) if {' '.join([OPEN, *first])}"
    for each in rest:
        yield f"  http-request unset-var({MAYBE}) if !{each}"
    yield f"  http-request set-var({TO}) str({to}) if {{ var({MAYBE}) -m found }}"
    yield f"  http-request unset-var({MAYBE})"


def _conditions(rule: Rule, listener: str) -> list[str]:
    found = host_condition(rule.host, f"var({HOST})") if rule.host != listener else []
    if rule.path and rule.path.type == EXACT:
        found.append(f"{{ path -m str {word(rule.path.value)} }}")
    elif rule.path and rule.path.type == REGULAR:
        found.append(f"{{ path -m reg {word(f'^(?:{rule.path.value})$')} }}")
    elif rule.path and rule.path.type == PREFIX and rule.path.value != "/":
        found.append(f"{{ var({PATH}) -m beg {word(rule.path.value + '/')} }}")
    if rule.method:
        found.append(f"{{ method -m str {word(rule.method)} }}")
    found += [_value(f"req.fhdr({word(each.name)})", each) for each in rule.headers]
    return found + [_value(f"urlp({word(each.name)}),url_dec(1)", each) for each in rule.query]


def _value(sample: str, match: ValueMatch) -> str:
    if match.type == REGULAR:
        return f"{{ {sample} -m reg -- {word(f'^(?:{match.value})$')} }}"
    return f"{{ {sample} -m str -- {word(match.value)} }}"
