import json
import subprocess

import pytest

from podo.cluster.firewall import Dropping, dropping, inspect, remedy


def chain(name="FORWARD", *, policy="drop", hook="forward", table="filter", family="ip"):
    return {"chain": {"family": family, "table": table, "name": name, "hook": hook, "policy": policy}}


def rule(bridge, name="FORWARD"):
    match = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": bridge}}
    return {"rule": {"family": "ip", "table": "filter", "chain": name, "expr": [match, {"accept": None}]}}


FORWARD = Dropping("ip", "filter", "FORWARD", "forward")


@pytest.mark.parametrize(
    ("ruleset", "found"),
    [
        pytest.param([chain()], [FORWARD], id="drops"),
        pytest.param([chain(policy="accept")], [], id="accepts"),
        pytest.param([chain(hook="output")], [], id="what the host sends"),
        pytest.param([chain(table="podo-default")], [], id="podo's own"),
        pytest.param([chain(family="bridge")], [], id="another layer"),
        pytest.param([chain(), rule("podo0")], [], id="knows podo's bridge"),
        pytest.param([chain(), rule("docker0")], [FORWARD], id="knows another bridge"),
        pytest.param([{"chain": {"family": "ip", "table": "t", "name": "c"}}], [], id="no base chain"),
    ],
)
def test_chains_that_would_drop_what_pods_send(ruleset, found):
    assert dropping(ruleset, ["podo0"]) == found


def test_the_remedy_lets_the_bridge_in_and_through():
    assert remedy(FORWARD, "podo0") == (
        "nft insert rule ip filter FORWARD iifname podo0 accept; nft insert rule ip filter FORWARD oifname podo0 accept"
    )
    assert remedy(FORWARD._replace(hook="input"), "podo0") == "nft insert rule ip filter FORWARD iifname podo0 accept"


@pytest.mark.e2e
def test_it_is_seen_and_mended_for_real():
    def nft(text):
        subprocess.run(["nft", text], check=True)

    nft("table ip other { chain FORWARD { type filter hook forward priority 0; policy drop; }; }")
    try:
        (found,) = [each for each in dropping(inspect(), ["podo0"]) if each.table == "other"]
        for command in remedy(found, "podo0").split("; "):
            subprocess.run(command.split(), check=True)
        assert [each for each in dropping(inspect(), ["podo0"]) if each.table == "other"] == []
        assert json.dumps(inspect())
    finally:
        nft("delete table ip other")
