"""Keeps the node alive when it runs short of something: Pods go before the machine does (kubelet's eviction manager).

Read `judge.py` first: from figures to which thresholds are met, purely. `ranking.py` says who goes first, `limits.py`
who has outgrown a limit of their own, `words.py` how it is told; `manager.py` looks and acts, one Pod at a time.
"""
