"""Pod Security Standards (KEP-2579): `levels.py` reads a namespace's labels, `plugin.py` asks the checks.

To add a check: a function in `baseline.py` or `restricted.py`, and a line in the tables of `checks.py` that says from
which version of Kubernetes on it holds.
"""
