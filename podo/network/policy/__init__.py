"""Policies as nftables: which Pods of a node are isolated, and what may pass nevertheless.

`model.py` is what NetworkPolicies and Pods come down to, `tiers.py` what the policies of a whole cluster do, `rules.py`
what that is in nftables, `members.py` which Pods the peers of rules are, `explain.py` the same decision in words;
`keeper.py` carries it out. `definitions.json` are the cluster's policies as custom resources, without prose.
"""
