"""Firewalls of others on this host that would drop what podo's nodes and Pods send. Pure, but for `inspect`."""

import json
import subprocess
from collections.abc import Iterable
from typing import Any, NamedTuple

from podo.network.names import TABLE_PREFIX

HOOKS = ("input", "forward")


class Dropping(NamedTuple):
    """A base chain that drops what it does not know."""

    family: str
    table: str
    chain: str
    hook: str


def dropping(ruleset: Iterable[dict[str, Any]], bridges: Iterable[str] = ()) -> list[Dropping]:
    """The chains of `nft -j list ruleset` whose policy is to drop, and that do not speak of one of `bridges`."""
    found: dict[tuple[str, str, str], Dropping] = {}
    for each in ruleset:
        if (chain := each.get("chain")) and chain.get("policy") == "drop" and chain.get("hook") in HOOKS:
            if chain["family"] in ("ip", "ip6", "inet") and not chain["table"].startswith(TABLE_PREFIX):
                place = (chain["family"], chain["table"], chain["name"])
                found[place] = Dropping(*place, chain["hook"])
        elif rule := each.get("rule"):
            text = json.dumps(rule.get("expr", []))
            if any(f'"{bridge}"' in text for bridge in bridges):
                found.pop((rule["family"], rule["table"], rule["chain"]), None)
    return sorted(found.values())


def remedy(chain: Dropping, bridge: str) -> str:
    """The commands that let podo's packets pass such a chain."""
    insert = f"nft insert rule {chain.family} {chain.table} {chain.chain}"
    if chain.hook == "input":
        return f"{insert} iifname {bridge} accept"
    return f"{insert} iifname {bridge} accept; {insert} oifname {bridge} accept"


def inspect() -> list[dict[str, Any]]:
    """What `nft -j list ruleset` shows; [] if it shows nothing. Blocks."""
    try:
        done = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, timeout=10, check=False)
        return list(json.loads(done.stdout)["nftables"])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return []
