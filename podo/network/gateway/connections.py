"""The part of a frontend that says which connection goes where: by the name that TLS asks for, or all alike. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from podo.network.gateway.hostnames import specificity
from podo.network.gateway.plan import Bound, Share
from podo.network.gateway.requests import OPEN, TO, host_condition, split

RULE = "tcp-request content"


def connection_rules(bound: Sequence[Bound], name: str, ways: Mapping[int, str] | None = None) -> Iterator[str]:
    """The lines for listeners of a port. `name` is the sample of the name that is asked for, "" if there is none.

    `ways`: listeners (by id) whose connections go on to a backend as they are, whatever rules they have.
    """
    splits: dict[tuple[Share, ...], str] = {}
    if name.startswith("req."):
        yield f"  {RULE} reject if !{{ req.ssl_hello_type 1 }}"
    for each in sorted(bound, key=lambda each: specificity(each.host)):
        here = host_condition(each.host, name)
        if ways and (way := ways.get(id(each))):
            yield _assign(way, here)
            continue
        for rule in each.rules:
            to = rule.shares[0].destination.name
            if len(rule.shares) > 1:
                to = splits.setdefault(rule.shares, f"split-{len(splits)}")
            yield _assign(to, here if rule.host == each.host or not name else host_condition(rule.host, name))
        yield _assign("nowhere", here)  # it is this listener's, and no other's
    for shares, split_name in splits.items():
        yield from split(shares, split_name, RULE)
    yield f"  {RULE} reject if !{{ var({TO}) -m found }} or {{ var({TO}) -m str nowhere }}"
    yield f"  use_backend %[var({TO})]"


def _assign(to: str, conditions: list[str]) -> str:
    return f"  {RULE} set-var({TO}) str({to}) if {' '.join([OPEN, *conditions])}"
