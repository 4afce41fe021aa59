"""NetworkPolicy as nftables: which Pods of a node are isolated, and what may pass nevertheless.

`model.py` is what policies and Pods come down to, `rules.py` what that is in nftables, `members.py` which Pods the
peers of rules are, `explain.py` the same decision in words; `keeper.py` carries it out.
"""
